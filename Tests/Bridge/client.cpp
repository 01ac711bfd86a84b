// A client of Karabo bridge without Python: asks for trains, and prints each value as a line of
// train, source, key, and the value; of an array its type, its shape and the sum of its bytes.

#include <zmq.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

// A value of MessagePack, as far as the protocol has them.
struct Value {
  enum { number, text, list, dictionary } kind = number;
  double real = 0;
  uint64_t integer = 0;
  std::string bytes;
  std::vector<Value> items;
  std::map<std::string, Value> pairs;
};

struct Reader {
  const unsigned char *next, *end;

  uint64_t big(size_t count) {
    if (size_t(end - next) < count) throw std::runtime_error("a part ends too early");
    uint64_t value = 0;
    while (count--) value = value << 8 | *next++;
    return value;
  }

  Value string(size_t count) {
    if (size_t(end - next) < count) throw std::runtime_error("a part ends too early");
    Value value;
    value.kind = Value::text;
    value.bytes.assign(reinterpret_cast<const char *>(next), count);
    next += count;
    return value;
  }

  Value list(size_t count) {
    Value value;
    value.kind = Value::list;
    while (count--) value.items.push_back(read());
    return value;
  }

  Value map(size_t count) {
    Value value;
    value.kind = Value::dictionary;
    while (count--) {
      std::string key = read().bytes;
      value.pairs[key] = read();
    }
    return value;
  }

  Value whole(uint64_t number) {
    Value value;
    value.integer = number;
    value.real = double(number);
    return value;
  }

  Value negative(int64_t number) {
    Value value = whole(uint64_t(number));
    value.real = double(number);
    return value;
  }

  Value read() {
    unsigned char form = static_cast<unsigned char>(big(1));
    if (form < 0x80) return whole(form);
    if (form < 0x90) return map(form & 0x0f);
    if (form < 0xa0) return list(form & 0x0f);
    if (form < 0xc0) return string(form & 0x1f);
    if (form >= 0xe0) return negative(int8_t(form));
    switch (form) {
      case 0xc2: case 0xc3: return whole(form & 1);
      case 0xc4: case 0xd9: return string(big(1));
      case 0xc5: case 0xda: return string(big(2));
      case 0xc6: case 0xdb: return string(big(4));
      case 0xcb: {
        Value value;
        uint64_t bits = big(8);
        memcpy(&value.real, &bits, 8);
        return value;
      }
      case 0xcc: return whole(big(1));
      case 0xcd: return whole(big(2));
      case 0xce: return whole(big(4));
      case 0xcf: return whole(big(8));
      case 0xd0: return negative(int8_t(big(1)));
      case 0xd1: return negative(int16_t(big(2)));
      case 0xd2: return negative(int32_t(big(4)));
      case 0xd3: return negative(int64_t(big(8)));
      case 0xdc: return list(big(2));
      case 0xde: return map(big(2));
      case 0xdf: return map(big(4));
      default: throw std::runtime_error("a form of MessagePack that the protocol does not have");
    }
  }
};

static Value unpack(const std::vector<unsigned char> &part) {
  Reader reader{part.data(), part.data() + part.size()};
  Value value = reader.read();
  if (reader.next != reader.end) throw std::runtime_error("there is something behind a map");
  return value;
}

int main(int count, char **arguments) try {
  if (count != 3) return 2;
  void *context = zmq_ctx_new();
  void *socket = zmq_socket(context, ZMQ_REQ);
  int limit = 10000;
  zmq_setsockopt(socket, ZMQ_RCVTIMEO, &limit, sizeof limit);
  zmq_connect(socket, arguments[1]);
  for (int train = 0; train < atoi(arguments[2]); train++) {
    zmq_send(socket, "next", 4, 0);
    std::vector<std::vector<unsigned char>> parts;
    int more = 1;
    size_t size = sizeof more;
    while (more) {
      zmq_msg_t message;
      zmq_msg_init(&message);
      if (zmq_msg_recv(&message, socket, 0) < 0) throw std::runtime_error("no train has come");
      auto data = static_cast<unsigned char *>(zmq_msg_data(&message));
      parts.emplace_back(data, data + zmq_msg_size(&message));
      zmq_msg_close(&message);
      zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size);
    }
    if (parts.size() % 2) throw std::runtime_error("an odd number of parts");
    unsigned long long id = 0;
    for (size_t i = 0; i < parts.size(); i += 2) {
      Value header = unpack(parts[i]);
      const char *source = header.pairs.at("source").bytes.c_str();
      if (header.pairs.at("content").bytes == "msgpack") {
        id = header.pairs.at("metadata").pairs.at("timestamp.tid").integer;
        for (auto &pair : unpack(parts[i + 1]).pairs) {
          printf("%llu\t%s\t%s\t", id, source, pair.first.c_str());
          if (pair.second.kind == Value::text) printf("%s\n", pair.second.bytes.c_str());
          else printf("%.17g\n", pair.second.real);
        }
        continue;
      }
      std::string shape;
      for (auto &extent : header.pairs.at("shape").items) shape += (shape.empty() ? "" : ",") + std::to_string(extent.integer);
      unsigned long long sum = 0;
      for (unsigned char byte : parts[i + 1]) sum += byte;
      printf("%llu\t%s\t%s\t%s[%s]%llu\n", id, source, header.pairs.at("path").bytes.c_str(),
             header.pairs.at("dtype").bytes.c_str(), shape.c_str(), sum);
    }
  }
  zmq_close(socket);
  zmq_ctx_term(context);
} catch (const std::exception &error) {
  fprintf(stderr, "%s\n", error.what());
  return 1;
}
