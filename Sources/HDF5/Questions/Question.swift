public import Wire

/// Something to be asked of one file. A question and its answer are values: they can pass between processes, and outlive the file.
///
/// An answer is what the file says. Where the file is wrong the answer is an ``HDF5Error``, and where it cannot be read now there is none,
/// but a ``PassingError``.
public protocol Question: WireValue, Sendable {
  associatedtype Answer: WireValue & Sendable
}

/// A question as the side with the open file sees it.
protocol AnswerableQuestion: Question {
  func answer(from file: borrowing File, _ library: borrowing HDF5Library) throws(HDF5Error) -> Answer
}

/// All kinds of questions; what distinguishes them in a message is their place in this list.
enum QuestionKinds {
  static let all: [any AnswerableQuestion.Type] = [
    LinkQuestion.self, LinksQuestion.self, DatasetQuestion.self, DatasetsQuestion.self, IntegersQuestion.self,
    ColumnsQuestion.self, StringsQuestion.self, LongestStringQuestion.self, AttributesQuestion.self,
    StorageQuestion.self,
    FirstEntriesQuestion.self, BlockQuestion.self, ChunksQuestion.self,
  ]

  /// The number of a kind in messages.
  static func number(of type: any Question.Type) -> UInt8 {
    // Every question of this module is in the list.
    UInt8(all.firstIndex { $0 == type } ?? all.count)
  }
}
