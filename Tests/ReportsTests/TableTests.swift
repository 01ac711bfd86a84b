import EXDF
import RawHDF5
import Reports
import RunArrays
import TestRuns
import Testing

@Suite struct TableTests {
  @Test func trains() throws {
    let made = try MadeArrays(SmallRun.files())
    #expect(
      try text(RunTables.trains(of: made.run)) == """
        index,train_id,timestamp,suspect
        0,10000,2023-11-14T22:13:20.000000000Z,false
        1,10001,2023-11-14T22:13:20.100000000Z,false
        2,10002,2023-11-14T22:13:20.200000000Z,false
        3,10003,2023-11-14T22:13:20.300000000Z,false
        4,10004,2023-11-14T22:13:20.400000000Z,false
        5,10005,2023-11-14T22:13:20.500000000Z,false

        """)
    let old = try MadeArrays([MadeFile("a.h5", version: nil, trainIDs: [5, 9, 6, 7, 8], [])])
    #expect(
      try text(RunTables.trains(of: old.run))
        == "index,train_id,timestamp,suspect\n0,5,,false\n1,6,,false\n2,7,,false\n3,8,,false\n4,9,,true\n")
  }

  @Test func sourcesAndKeys() throws {
    let made = try MadeArrays(SmallRun.files())
    #expect(
      try text(RunTables.sources(of: made.run)) == """
        source,kind,keys,trains_with_data,aggregator,category,device_class
        D/CORR/0CH0:output,instrument,3,5,AGIPD00,CORR,
        S/CAM/1:out,instrument,4,4,DA01,RAW,
        S/TOP/1,control,0,0,DA01,RAW,
        S/XGM/1,control,5,6,DA01,RAW,XGM
        S/XGM/1:output,instrument,2,5,DA01,RAW,

        """)
    #expect(
      try text(RunTables.keys(of: made.arrays)) == """
        source,key,dtype,entry_shape,entries,units
        D/CORR/0CH0:output,header.pulseCount,<u8,,5,
        D/CORR/0CH0:output,image.cellId,<u2,,8,
        D/CORR/0CH0:output,image.data,<f4,3x2,8,
        S/CAM/1:out,data.exposure,<f8,,4,
        S/CAM/1:out,data.image,<u2,3x2,4,
        S/CAM/1:out,data.odd,,,4,
        S/CAM/1:out,data.point,"[('x', '|u1'), ('', '|V3'), ('y', '<f4')]",,4,
        S/XGM/1,energy.timestamp,<u8,,6,
        S/XGM/1,energy.value,<f4,,6,\u{3BC}J
        S/XGM/1,isOpen.value,|b1,,6,
        S/XGM/1,state.value,|S15,,6,
        S/XGM/1,wave.value,>u2,3,6,
        S/XGM/1:output,data.intensity,<f8,4,8,
        S/XGM/1:output,data.n,<i2,,8,

        """)
  }

  /// A source of all kinds of scalars, some of them missing in some trains.
  private func mixed() throws -> MadeArrays {
    let one = MadeGroup(
      "a", counts: [1, 0, 1],
      [
        MadeKey("a/f", [0.1, .nan]), MadeKey("a/s", ["x,y", ""]), MadeKey("a/v", [UInt8(1), 2, 3, 4], entry: [2]),
        MadeKey("a/b", .boolean, shape: [2], .bytes([1, 0])),
      ])
    let two = MadeGroup("b", counts: [0, 1, 1], [MadeKey("b/i", [Int64(-9), 5])])
    let many = MadeGroup("c", counts: [2, 0, 0], [MadeKey("c/i", [UInt8(1), 2])])
    let control = MadeSource.control(
      "A/M/1", .property("p", [Float(1.5), 2, 2.5]), index: .everyTrain(3),
      run: [MadeKey("name/value", ["it's \"here\""]), MadeKey("limits/value", [Int16(-1), 4], entry: [2])])
    return try MadeArrays([MadeFile("a.h5", trainIDs: [7, 8, 9], [.instrument("A:x", [one, two, many]), control])])
  }

  @Test func tablesOfSources() throws {
    let made = try mixed()
    let source = try #require(made.run.source(named: "A:x"))
    #expect(
      text(try SourceReports.table(of: source, in: made.arrays))
        == "train_id,a.b,a.f,a.s,b.i\n7,true,0.1,\"x,y\",\n8,,,,-9\n9,false,NaN,,5\n")
    #expect(
      try text(RunTables.table(of: made.arrays))
        == "train_id,A/M/1/p,A:x/a.b,A:x/a.f,A:x/a.s,A:x/b.i\n7,1.5,true,0.1,\"x,y\",\n8,2.0,,,,-9\n9,2.5,false,NaN,,5\n"
    )
    let selected = RunArrays(
      run: try made.run.selecting([SourcePattern("*,*.timestamp"), SourcePattern("A:x,b.*")]), store: made.arrays.store)
    #expect(try text(RunTables.table(of: selected)).hasPrefix("train_id,A/M/1/p.timestamp,A:x/b.i\n7,"))
    #expect(
      try text(RunTables.missing(of: made.run))
        == "source,group,trains_with_data,share,first_gap,last_gap\nA:x,c,1,0.3333333333333333,8,9\nA:x,a,2,0.6666666666666666,8,8\n"
        + "A:x,b,2,0.6666666666666666,7,7\n")
    #expect(try text(SourceReports.counts(of: source, in: made.run)) == "train_id,a,b,c\n7,1,0,2\n8,0,1,0\n9,1,1,0\n")
    let control = try #require(made.run.source(named: "A/M/1"))
    // Of a control source the values alone.
    #expect(text(try SourceReports.table(of: control, in: made.arrays)) == "train_id,p.value\n7,1.5\n8,2.0\n9,2.5\n")
    #expect(try text(SourceReports.counts(of: control, in: made.run)) == "train_id,count\n7,1\n8,1\n9,1\n")
    #expect(
      try text(SourceReports.runValues(of: control, in: made.run))
        == "key,value\nlimits,\"[-1, 4]\"\nname,\"it's \"\"here\"\"\"\n")
  }

  @Test func valuesOfKeys() throws {
    let made = try mixed()
    let source = try #require(made.run.source(named: "A:x"))
    let keys = try made.run.keys(of: source)
    func values(_ name: String) throws -> String {
      let number = try #require(keys.firstIndex { $0.name == name })
      #expect(try KeyReports.hasValues(number, of: source, in: made.arrays))
      return text(try KeyReports.values(ofKey: number, of: source, in: made.arrays))
    }
    #expect(try values("a.s") == "train_id,value\n7,\"x,y\"\n9,\n")
    #expect(try values("c.i") == "train_id,value\n7,1\n7,2\n")
    #expect(try values("a.b") == "train_id,value\n7,true\n9,false\n")
    let vector = try #require(keys.firstIndex { $0.name == "a.v" })
    #expect(try !KeyReports.hasValues(vector, of: source, in: made.arrays))
  }

  /// What a text would need gigabytes for is left out, not tried: datasets can be nominally endless.
  @Test func endlessColumnsHaveNoText() throws {
    var wide = MadeKey("data/wide", .fixedString(length: 1 << 20), shape: [1 << 12], .none)
    wide.layout = .chunked([1])
    var long = MadeKey("data/long", .uint8, shape: [1 << 40], .none)
    long.layout = .chunked([1 << 16])
    let wideSource = MadeSource.instrument("A:x", [MadeGroup("data", counts: [1 << 12], [wide])])
    let longSource = MadeSource.instrument("B:x", [MadeGroup("data", counts: [1 << 40], [long])])
    let made = try MadeArrays([MadeFile("a.h5", trainIDs: [7], [wideSource, longSource])])
    for source in made.run.sources {
      #expect(try made.run.index(ofKey: 0, of: source).entries >= 1 << 12)
      #expect(try !KeyReports.hasValues(0, of: source, in: made.arrays), "\(source.name)")
    }
    #expect(try text(KeyReports.info(ofKey: 0, of: made.run.sources[0], in: made.arrays)).contains("no values.csv:"))
  }

  @Test func infoOfKeys() throws {
    let made = try MadeArrays(SmallRun.files())
    let source = try #require(made.run.source(named: "S/XGM/1"))
    let number = try #require(made.run.keys(of: source).firstIndex { $0.name == "energy.value" })
    #expect(
      try text(KeyReports.info(ofKey: number, of: source, in: made.arrays)) == """
        S/XGM/1 energy.value
        dtype:            <f4
        entry shape:      ()
        entries:          6
        trains with data: 6 of 6
        units:            \u{3BC}J
        dataset:          CONTROL/S/XGM/1/energy/value
        files:            2, the first is RAW-R0001-DA01-S00000.h5
        storage:          contiguous
        attributes:
          metricPrefixSymbol: u
          unitSymbol: J

        """)
    let camera = try #require(made.run.source(named: "S/CAM/1:out"))
    let odd = try #require(made.run.keys(of: camera).firstIndex { $0.name == "data.odd" })
    #expect(
      try text(KeyReports.info(ofKey: odd, of: camera, in: made.arrays)).contains("no array:         npy cannot hold"))
  }
}
