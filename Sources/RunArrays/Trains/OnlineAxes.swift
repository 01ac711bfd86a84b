internal import ArrayIO

/// The axes that pixels have in the stream of a running experiment: frames last, and the other axes the other way round but for the
/// modules', (modules, fast scan, slow scan, frames). OnDA and OM are written for those.
enum OnlineAxes {
  /// - Parameter shape: (frames, ..., modules, slow scan, fast scan).
  static func shape(_ shape: [Int]) -> [Int] {
    let end = shape.count
    return Array(shape[1..<(end - 3)]) + [shape[end - 3], shape[end - 1], shape[end - 2], shape[0]]
  }

  static func turn(
    _ value: TrainValue, into output: UnsafeMutableRawBufferPointer, shape: [Int], size: Int
  ) {
    func turn(_ from: UnsafeRawBufferPointer) {
      guard let source = from.baseAddress, let target = output.baseAddress else { return }
      let end = shape.count
      let frames = shape[0]
      let (slow, fast) = (shape[end - 2], shape[end - 1])
      let images = shape[1..<(end - 2)].reduce(1, *)
      func copy<Element: BitwiseCopyable>(_ type: Element.Type) {
        let from = source.assumingMemoryBound(to: type)
        let to = target.assumingMemoryBound(to: type)
        for image in 0..<images {
          for row in 0..<slow {
            for column in 0..<fast {
              let place = to + ((image * fast + column) * slow + row) * frames
              var pixel = from + (image * slow + row) * fast + column
              for frame in 0..<frames {
                place[frame] = pixel.pointee
                pixel += images * slow * fast
              }
            }
          }
        }
      }
      switch size {
      case 1: copy(UInt8.self)
      case 2: copy(UInt16.self)
      case 4: copy(UInt32.self)
      case 8: copy(UInt64.self)
      default:
        for place in 0..<(images * slow * fast * frames) {
          let (pixel, frame) = place.quotientAndRemainder(dividingBy: frames)
          let (imageColumn, row) = pixel.quotientAndRemainder(dividingBy: slow)
          let (image, column) = imageColumn.quotientAndRemainder(dividingBy: fast)
          let origin = ((frame * images + image) * slow + row) * fast + column
          target.advanced(by: place * size).copyMemory(from: source + origin * size, byteCount: size)
        }
      }
    }
    if let slab = value.slab {
      turn(UnsafeRawBufferPointer(slab.bytes))
    } else {
      value.bytes.withUnsafeBytes(turn)
    }
  }
}
