/// The run that a newcomer mounts first and that the tests read: proposal 700000, run 42, EXDF 1.3, written through libhdf5.
///
///     RAW-R0042-AGIPD00-S00000.h5 ... RAW-R0042-AGIPD15-S00001.h5    16 detector modules, two sequences
///     RAW-R0042-DA01-S00000.h5, RAW-R0042-DA01-S00001.h5             everything else
///
/// Diffraction rings follow the energy of their pulse, a beam spot drifts over a camera, and what is untidy in real runs is
/// untidy here too: ``Beamtime`` lists it.
public struct ExampleRun {
  /// What has been written, for the message at the end.
  public struct Summary: Equatable, Sendable {
    /// How many files.
    public let fileCount: Int
    /// The sum of their sizes.
    public let byteCount: Int
  }

  private let folder: RunFolder

  /// The directory that has been made, and that nothing else writes to until the run is complete: the one that was asked for, or a
  /// hidden one in it if that was there.
  public var unfinished: String { folder.unfinished }

  /// Makes the directory for a run, if it is missing (its parent has to exist).
  ///
  /// - Throws: ``ExampleRunError`` if it has something in it, or cannot be made; nothing is left then.
  public init(in directory: String) throws(ExampleRunError) { folder = try RunFolder(directory) }

  /// Writes the run. The bytes are the same each time, and so are the files' time stamps, so that what a tutorial shows stays true.
  ///
  /// - Throws: ``ExampleRunError`` if anything cannot be written; nothing is left then.
  public func write() throws(ExampleRunError) -> Summary {
    let beamtime = Beamtime()
    do throws(ExampleRunError) {
      for file in Self.files(of: beamtime) { try file.write(in: folder) }
      return try folder.publish(modified: beamtime.end)
    } catch {
      folder.discard()
      throw error
    }
  }

  /// Makes the directory and writes the run.
  @discardableResult
  public static func write(to directory: String) throws(ExampleRunError) -> Summary {
    try ExampleRun(in: directory).write()
  }

  private static func files(of beamtime: Beamtime) -> [DataFile] {
    let modules = (0..<AGIPDModule.count).flatMap { number in
      beamtime.trains(ofModule: number).enumerated().map { sequence, trains in
        let module = AGIPDModule(number: number)
        return DataFile(aggregator: module.aggregator, sequence: sequence, trains: trains, instrument: [module])
      }
    }
    let aggregated = beamtime.aggregatorSequences.enumerated().map { sequence, trains in
      DataFile(
        aggregator: "DA01", sequence: sequence, trains: trains,
        control: [XGM(), Camera(), Motor()], instrument: [XGM(), Camera(), Spectrometer()])
    }
    return modules + aggregated
  }
}
