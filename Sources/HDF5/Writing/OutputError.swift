/// libhdf5 refused to write something.
package struct OutputError: Error, Equatable, Sendable {
  package var file: String
  /// The path inside the file.
  package var object: String
  /// The innermost entry of the library's error stack.
  package var reason: String
}
