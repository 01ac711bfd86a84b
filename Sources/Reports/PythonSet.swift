/// Which element CPython's `set.pop()` gives back.
///
/// Where the number of frames varies between trains, EXtra-data's `run.info()` prints the one that falls out of a set first,
/// and `info.txt` is to say what it says. For small integers the hash is the number, so the order is arithmetic: a table of a
/// power of two, linear probing over 9 places, grown fourfold at three fifths (CPython 3.11, Objects/setobject.c).
struct PythonSet {
  private var table: [UInt64?] = Array(repeating: nil, count: 8)
  private var used = 0

  /// The first element in the table but 0, of a set made of `numbers` in this order.
  static func pop(_ numbers: [UInt64]) -> UInt64? {
    var set = PythonSet()
    for number in numbers { set.insert(number) }
    return set.table.compactMap { $0 }.first { $0 != 0 }
  }

  private mutating func insert(_ number: UInt64) {
    guard place(number) else { return }
    used += 1
    guard used * 5 >= (table.count - 1) * 3 else { return }
    let old = table.compactMap { $0 }
    var size = 8
    while size <= (used > 50_000 ? used * 2 : used * 4) { size *= 2 }
    table = Array(repeating: nil, count: size)
    for number in old { _ = place(number) }
  }

  /// - Returns: false where it is there already.
  private mutating func place(_ number: UInt64) -> Bool {
    let mask = UInt64(table.count - 1)
    // Python's hash of an integer is the integer modulo 2^61 - 1.
    let hash = number % ((1 << 61) - 1)
    var perturb = hash
    var index = hash & mask
    while true {
      let probes: UInt64 = index + 9 <= mask ? 9 : 0
      for slot in index...(index + probes) {
        if table[Int(slot)] == number { return false }
        if table[Int(slot)] == nil {
          table[Int(slot)] = number
          return true
        }
      }
      perturb >>= 5
      index = (index &* 5 &+ 1 &+ perturb) & mask
    }
  }
}
