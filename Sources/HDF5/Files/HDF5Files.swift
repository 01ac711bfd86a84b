internal import Glibc
internal import Synchronization
internal import Threads
internal import Wire

/// The HDF5 files of a run, as what they say: questions go in, values come out. Open files, libhdf5 and its lock stay behind it.
public final class HDF5Files: Sendable {
  /// Opens files, here and for whoever reads beside libhdf5.
  public let opener: FileOpener
  private let service: any HDF5Service
  /// Files that others have led to, by external links and as the sources of virtual datasets; by the path of the file that led there.
  private let linked = Mutex<[String: Set<FileReference>]>([:])
  /// Files that have taken down the process that read them, and how: they are not asked again.
  private let closed = Mutex<[FileReference: HDF5Error]>([:])

  private let answers = Atomic(0)

  /// How often a file has been opened, or has answered: it stands still while all that is asked hangs.
  public var progress: Int { answers.load(ordering: .relaxed) }

  private func noteProgress() { answers.wrappingAdd(1, ordering: .relaxed) }

  init(_ opener: FileOpener, _ service: any HDF5Service) {
    self.opener = opener
    self.service = service
  }

  /// Files that are read by worker processes.
  ///
  /// - Parameter program: what a worker is started with: a program and its arguments, which must end in ``HDF5Worker/run()``.
  public convenience init(_ opener: FileOpener = FileOpener(), workers program: WorkerProgram) {
    self.init(opener, HDF5Workers(program))
  }

  /// Files that are read by this process, which a damaged file may take down.
  public convenience init(inThisProcess opener: FileOpener = FileOpener()) { self.init(opener, InProcessService()) }

  /// The answer to a question, or what is wrong with the file.
  /// - Throws: ``ReadError/passing(_:)`` alone.
  public func ask<Q: Question>(
    _ file: FileReference, _ question: Q
  ) throws(ReadError) -> Result<Q.Answer, HDF5Error> {
    try ask(file, [question])[0]
  }

  /// The answer to a question.
  /// - Throws: ``ReadError``, also where something is wrong with the file.
  public func answer<Q: Question>(_ file: FileReference, _ question: Q) throws(ReadError) -> Q.Answer {
    switch try ask(file, question) {
    case .success(let answer): return answer
    case .failure(let error): throw .damaged(error)
    }
  }

  /// The answers to questions of one kind, in one visit.
  /// - Throws: ``ReadError/passing(_:)`` alone.
  public func ask<Q: Question>(
    _ file: FileReference, _ questions: [Q]
  ) throws(ReadError) -> [Result<Q.Answer, HDF5Error>] {
    var batch = QuestionBatch()
    let tickets = questions.map { batch.add($0) }
    let answers = try ask(file, batch)
    return tickets.map { answers[$0] }
  }

  /// The answers to questions of several kinds, in one visit: a visit costs 30 µs more than what is asked.
  /// - Throws: ``ReadError/passing(_:)`` alone.
  public func ask(_ file: FileReference, _ batch: QuestionBatch) throws(ReadError) -> AnswerBatch {
    do throws(PassingError) {
      return try visit(file, batch)
    } catch {
      throw .passing(error)
    }
  }

  private func visit(_ file: FileReference, _ batch: QuestionBatch) throws(PassingError) -> AnswerBatch {
    if let error = closed.withLock({ $0[file] }) { return AnswerBatch(failed: error) }
    guard Request.current.mayWait else { throw .mustWait(file.path) }
    try opener.check(file)
    Counters.count(.libraryVisits)
    let opener = opener
    let answers = try service.answers(to: .questions(file, batch.questions)) { [self] path in
      do throws(PassingError) {
        if path == file.path { return .success(try opener.open(file)) }
        let linked = try opener.openLinked(path)
        add(linked: FileReference(path: path, identity: linked.identity), of: file)
        noteProgress()
        return .success(linked)
      } catch {
        return .failure(error)
      }
    }
    noteProgress()
    // What was read of a file that has been changed meanwhile is a mixture of old and new.
    guard let now = FileIdentity(path: file.path) else { throw PassingError(errno: errno, file: file.path) }
    guard now == file.identity else { throw .changed(file.path) }
    let error: HDF5Error
    switch answers {
    case .success(let bytes):
      if let answers = try? batch.decode(bytes) { return answers }
      error = HDF5Error("read", file: file.path, reason: "the process that read it gave an answer that makes no sense")
    case .failure(let damage): error = damage
    }
    closed.withLock { $0[file] = error }
    return AnswerBatch(failed: error)
  }

  /// Makes a file.
  ///
  /// - Parameter files: the run's files that it takes something from.
  /// - Throws: ``ReadError``.
  package func make(_ plan: OutputPlan, from files: [FileReference]) throws(ReadError) -> [UInt8] {
    try make(.making(plan), from: files) { nil }
  }

  /// Makes a file of any size in a place of the caller's.
  ///
  /// - Parameters:
  ///   - files: the run's files that it takes something from.
  ///   - descriptor: of the file, open for reading and writing; what is in it is lost.
  /// - Throws: ``ReadError``; what could be written of the file is then left in it.
  package func write(
    _ plan: OutputPlan, from files: [FileReference], to descriptor: Int32
  ) throws(ReadError) {
    _ = try make(.writing(plan), from: files) {
      let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
      guard copy >= 0, let identity = FileIdentity(descriptor: copy) else { return nil }
      return IdentifiedFile(descriptor: copy, identity: identity)
    }
  }

  private func make(
    _ request: FileServer.Request, from files: [FileReference], output: @escaping @Sendable () -> IdentifiedFile?
  ) throws(ReadError) -> [UInt8] {
    let references = Dictionary(files.map { ($0.path, $0) }) { first, _ in first }
    let opener = opener
    let latest = Mutex<String?>(nil)
    let made: Result<[UInt8], HDF5Error>
    do throws(PassingError) {
      guard Request.current.mayWait else { throw .mustWait(request.name) }
      made = try service.answers(to: request) { [self] path in
        do throws(PassingError) {
          noteProgress()
          if path == FileDriver.output {
            guard let opened = output() else { throw PassingError(errno: EACCES, file: request.name) }
            return .success(opened)
          }
          latest.withLock { $0 = path }
          if let reference = references[path] { return .success(try opener.open(reference)) }
          let linked = try opener.openLinked(path)
          // Which of them led there is not known here.
          for file in files { add(linked: FileReference(path: path, identity: linked.identity), of: file) }
          return .success(linked)
        } catch {
          return .failure(error)
        }
      }
    } catch {
      throw .passing(error)
    }
    switch made {
    case .failure(var error):
      // The process crashed in what it read last.
      if let path = latest.withLock({ $0 }) { error.file = path }
      throw .damaged(error)
    case .success(let bytes):
      var reader = WireReader(bytes)
      if let isMade = try? reader.flag() {
        if isMade, let file = try? reader.blob() { return file }
        if !isMade, let error = try? HDF5Error(from: &reader) { throw .damaged(error) }
      }
      throw .damaged(
        file: request.name, object: "", reason: "the process that made it gave an answer that makes no sense")
    }
  }

  /// Says that what is read of a file comes from another one, too.
  public func add(linked: FileReference, of file: FileReference) {
    self.linked.withLock { _ = $0[file.path, default: []].insert(linked) }
  }

  /// The files that files have led to so far, directly or through others: what is read of a file may come from them, and be in memory.
  public func linkedFiles(of paths: @autoclosure () -> [String]) -> Set<FileReference> {
    linked.withLock { linked in
      // Most runs have none.
      guard !linked.isEmpty else { return [] }
      var found: Set<FileReference> = []
      var queue = paths()
      while let path = queue.popLast() {
        for file in linked[path] ?? [] where found.insert(file).inserted { queue.append(file.path) }
      }
      return found
    }
  }

  /// The files that have taken down the process that read them, and how; by path.
  public var closedFiles: [HDF5Error] {
    closed.withLock { Array($0.values) }.sorted { $0.file < $1.file }
  }
}

/// Questions about one file that are asked together.
public struct QuestionBatch: Sendable {
  /// Where in an ``AnswerBatch`` the answer to a question is.
  public struct Ticket<Answer: Sendable>: Sendable {
    fileprivate var place: Int
  }
  private(set) var questions: [any AnswerableQuestion] = []
  private var decoders: [any AnswerDecoding] = []

  public init() {}

  public var isEmpty: Bool { questions.isEmpty }

  /// Adds a question.
  public mutating func add<Q: Question>(_ question: Q) -> Ticket<Q.Answer> {
    // All questions are of this module.
    guard let answerable = question as? any AnswerableQuestion else {
      preconditionFailure("\(Q.self) is a question that nobody answers")
    }
    questions.append(answerable)
    decoders.append(AnswerDecoder<Q>())
    return Ticket(place: questions.count - 1)
  }

  func decode(_ bytes: [UInt8]) throws(WireReader.Garbled) -> AnswerBatch {
    var reader = WireReader(bytes)
    var answers: [any Sendable] = []
    for decoder in decoders { answers.append(try decoder.decode(&reader)) }
    guard reader.isAtEnd else { throw WireReader.Garbled() }
    return AnswerBatch(answers: answers)
  }
}

private protocol AnswerDecoding: Sendable {
  func decode(_ reader: inout WireReader) throws(WireReader.Garbled) -> any Sendable
}

/// Knows of what type the answer to a question is.
private struct AnswerDecoder<Q: Question>: AnswerDecoding {
  func decode(_ reader: inout WireReader) throws(WireReader.Garbled) -> any Sendable {
    let isAnswer = try reader.flag()
    let result: Result<Q.Answer, HDF5Error> =
      isAnswer ? .success(try Q.Answer(from: &reader)) : .failure(try HDF5Error(from: &reader))
    return result
  }
}

/// The answers to a ``QuestionBatch``.
public struct AnswerBatch: Sendable {
  private var answers: [any Sendable] = []
  private var error: HDF5Error?

  init(answers: [any Sendable]) { self.answers = answers }

  /// One answer to everything: nothing can be read of the file.
  init(failed error: HDF5Error) { self.error = error }

  /// An answer, or what is wrong with the file.
  public subscript<Answer: Sendable>(ticket: QuestionBatch.Ticket<Answer>) -> Result<Answer, HDF5Error> {
    if let error { return .failure(error) }
    guard let answer = answers[ticket.place] as? Result<Answer, HDF5Error> else {
      preconditionFailure("a ticket of another batch")
    }
    return answer
  }
}
