internal import CHDF5
internal import Wire

/// Answers questions about files, one at a time, in the process that has libhdf5: a worker, or this one.
///
/// Files stay open for the next question, within a bound: an open file takes up to a megabyte of libhdf5's memory.
struct FileServer: ~Copyable {
  /// What is asked of one file.
  struct Request: WireValue {
    var file: FileReference
    var questions: [any AnswerableQuestion]

    init(_ file: FileReference, _ questions: [any AnswerableQuestion]) {
      self.file = file
      self.questions = questions
    }

    func write(to writer: inout WireWriter) {
      writer.put(file.path)
      writer.put(file.identity)
      writer.put(questions.count)
      for question in questions {
        writer.put(byte: QuestionKinds.number(of: type(of: question)))
        question.write(to: &writer)
      }
    }

    init(from reader: inout WireReader) throws(WireReader.Garbled) {
      file = FileReference(path: try reader.text(), identity: try FileIdentity(from: &reader))
      questions = []
      for _ in 0..<(try reader.count(ofSize: 1)) {
        let kind = Int(try reader.byte())
        guard kind < QuestionKinds.all.count else { throw WireReader.Garbled() }
        questions.append(try Self.question(QuestionKinds.all[kind], &reader))
      }
    }

    private static func question(
      _ kind: any AnswerableQuestion.Type, _ reader: inout WireReader
    ) throws(WireReader.Garbled) -> any AnswerableQuestion {
      func make<Kind: AnswerableQuestion>(
        _ kind: Kind.Type, _ reader: inout WireReader
      ) throws(WireReader.Garbled) -> any AnswerableQuestion { try Kind(from: &reader) }
      return try make(kind, &reader)
    }
  }

  /// How a request ended. Answers are bytes: whoever has asked knows what they are.
  enum Outcome {
    /// Each question's answer, or what is wrong with the file.
    case answered([UInt8])
    /// A system call failed.
    case failed(errno: Int32)
  }

  private final class KeptFile {
    let file: File
    var lastUse: UInt64
    init(_ file: consuming File, _ lastUse: UInt64) {
      self.file = file
      self.lastUse = lastUse
    }
  }
  private var files: [FileReference: KeptFile] = [:]
  private var clock: UInt64 = 0
  private let mostFiles: Int

  init(mostFiles: Int) { self.mostFiles = mostFiles }

  /// Answers a request. Files are opened through `opener`.
  mutating func answer(
    _ request: Request, _ opener: @escaping FileDriver.Opener, _ library: borrowing HDF5Library
  ) -> Outcome {
    var answers = WireWriter()
    // Of an earlier request.
    _ = FileDriver.takeErrno(library)
    let outcome = FileDriver.withOpener(opener, library) { () -> Outcome? in
      let opened: KeptFile
      do throws(HDF5Error) {
        opened = try open(request.file, library)
      } catch {
        if let errno = FileDriver.takeErrno(library) { return .failed(errno: errno) }
        // It is not HDF5: that answers every question.
        for _ in request.questions { Self.put(error, &answers) }
        return nil
      }
      for question in request.questions {
        Self.put(question, opened.file, &answers, library)
        // What libhdf5 makes of a read that failed is not to be believed, whatever it is.
        if let errno = FileDriver.takeErrno(library) { return .failed(errno: errno) }
      }
      return nil
    }
    guard let outcome else { return .answered(answers.bytes) }
    // Who knows what libhdf5 has kept of it.
    files[request.file] = nil
    return outcome
  }

  private static func put(_ error: HDF5Error, _ answers: inout WireWriter) {
    answers.put(false)
    answers.put(error)
  }

  private static func put(
    _ question: some AnswerableQuestion, _ file: borrowing File, _ answers: inout WireWriter,
    _ library: borrowing HDF5Library
  ) {
    do throws(HDF5Error) {
      let answer = try question.answer(from: file, library)
      answers.put(true)
      answers.put(answer)
    } catch {
      put(error, &answers)
    }
  }

  private mutating func open(
    _ reference: FileReference, _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> KeptFile {
    clock += 1
    if let known = files[reference] {
      known.lastUse = clock
      return known
    }
    if files.count >= mostFiles, let oldest = files.min(by: { $0.value.lastUse < $1.value.lastUse }) {
      files[oldest.key] = nil
    }
    let opened = KeptFile(try File(path: reference.path, library), clock)
    files[reference] = opened
    return opened
  }

  /// Closes all files.
  mutating func closeAll(_ library: borrowing HDF5Library) { files = [:] }
}
