internal import CHDF5
internal import Wire

/// Answers questions about files, one at a time, in the process that has libhdf5: a worker, or this one.
///
/// Files stay open for the next question, within a bound: an open file takes up to a megabyte of libhdf5's memory.
struct FileServer: ~Copyable {
  enum Request: WireValue {
    /// What is asked of one file.
    case questions(FileReference, [any AnswerableQuestion])
    /// A file that is to be made in memory: the answer has its bytes.
    case making(OutputPlan)
    /// A file that is to be made where the opener has it for ``FileDriver/output``.
    case writing(OutputPlan)

    func write(to writer: inout WireWriter) {
      switch self {
      case .questions(let file, let questions):
        writer.put(byte: 0)
        writer.put(file.path)
        writer.put(file.identity)
        writer.put(questions.count)
        for question in questions {
          writer.put(byte: QuestionKinds.number(of: type(of: question)))
          question.write(to: &writer)
        }
      case .making(let plan):
        writer.put(byte: 1)
        writer.put(plan)
      case .writing(let plan):
        writer.put(byte: 2)
        writer.put(plan)
      }
    }

    init(from reader: inout WireReader) throws(WireReader.Garbled) {
      switch try reader.byte() {
      case 0:
        let file = FileReference(path: try reader.text(), identity: try FileIdentity(from: &reader))
        var questions: [any AnswerableQuestion] = []
        for _ in 0..<(try reader.count(ofSize: 1)) {
          let kind = Int(try reader.byte())
          guard kind < QuestionKinds.all.count else { throw WireReader.Garbled() }
          questions.append(try Self.question(QuestionKinds.all[kind], &reader))
        }
        self = .questions(file, questions)
      case 1: self = .making(try OutputPlan(from: &reader))
      case 2: self = .writing(try OutputPlan(from: &reader))
      default: throw WireReader.Garbled()
      }
    }

    /// For messages: the file that is asked, or that is made.
    var name: String {
      switch self {
      case .questions(let file, _): file.path
      case .making(let plan), .writing(let plan): plan.name
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
    switch request {
    case .questions(let file, let questions): return answer(questions, of: file, opener, library)
    case .making(let plan):
      return make(opener, library) { library throws(OutputError) in try plan.bytes(library) }
    case .writing(let plan):
      return make(opener, library) { library throws(OutputError) in
        try plan.write(library)
        return []
      }
    }
  }

  private func make(
    _ opener: @escaping FileDriver.Opener, _ library: borrowing HDF5Library,
    _ body: (borrowing HDF5Library) throws(OutputError) -> [UInt8]
  ) -> Outcome {
    var answer = WireWriter()
    _ = FileDriver.takeErrno(library)
    FileDriver.withOpener(opener, library) {
      do throws(OutputError) {
        let bytes = try body(library)
        answer.put(true)
        answer.put(bytes: bytes)
      } catch {
        answer.put(false)
        answer.put(HDF5Error("write", file: error.file, object: error.object, reason: error.reason))
      }
    }
    if let errno = FileDriver.takeErrno(library) { return .failed(errno: errno) }
    return .answered(answer.bytes)
  }

  private mutating func answer(
    _ questions: [any AnswerableQuestion], of file: FileReference, _ opener: @escaping FileDriver.Opener,
    _ library: borrowing HDF5Library
  ) -> Outcome {
    var answers = WireWriter()
    // Of an earlier request.
    _ = FileDriver.takeErrno(library)
    let outcome = FileDriver.withOpener(opener, library) { () -> Outcome? in
      let opened: KeptFile
      do throws(HDF5Error) {
        opened = try open(file, library)
      } catch {
        if let errno = FileDriver.takeErrno(library) { return .failed(errno: errno) }
        // It is not HDF5: that answers every question.
        for _ in questions { Self.put(error, &answers) }
        return nil
      }
      for question in questions {
        Self.put(question, opened.file, &answers, library)
        // What libhdf5 makes of a read that failed is not to be believed, whatever it is.
        if let errno = FileDriver.takeErrno(library) { return .failed(errno: errno) }
      }
      return nil
    }
    guard let outcome else { return .answered(answers.bytes) }
    // Who knows what libhdf5 has kept of it.
    files[file] = nil
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
