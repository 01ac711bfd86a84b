import HDF5

extension DataFile {
  /// METADATA: the sources of this file, then the run.
  func writeMetadata(
    to file: inout OutputPlan, instrumentGroups: [(source: String, group: String)]
  ) {
    let rows =
      control.map { (root: "CONTROL", device: $0.controlName) }
      + instrumentGroups.map { (root: "INSTRUMENT", device: $0.source + "/" + $0.group) }
    let sources = [
      Column(path: "dataSourceId", values: .strings(rows.map { $0.root + "/" + $0.device })),
      Column(path: "root", values: .strings(rows.map(\.root))),
      Column(path: "deviceId", values: .strings(rows.map(\.device))),
    ]
    for column in sources { file.write(column, below: "METADATA/dataSources") }

    let facts: [(String, Values)] = [
      ("creationDate", .strings(["20230117T093012Z"])),
      ("updateDate", .strings(["20230117T093015Z"])),
      ("daqLibrary", .strings(["1.15.0"])),
      ("karaboFramework", .strings(["2.16.4"])),
      ("dataFormatVersion", .strings(["1.3"])),
      ("proposalNumber", Values([Beamtime.proposal])),
      ("runNumber", Values([Beamtime.run])),
      ("sequenceNumber", Values([UInt32(sequence)])),
      ("runType", .strings(["Example run of xfelfs"])),
      ("sample", .strings(["Simulated powder"])),
    ]
    for (path, values) in facts {
      file.write(Column(path: path, values: values, isPadded: false), below: "METADATA")
    }
  }
}
