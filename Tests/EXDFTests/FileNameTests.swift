import EXDF
import Testing

/// Each as Python's `re` matches EXtra-data's pattern.
@Suite struct FileNameTests {
  @Test(arguments: [
    ("RAW-R0238-AGIPD07-S00001.h5", "RAW", 238, "AGIPD07"), ("CORR-R9999-DA01-S00000.h5", "CORR", 9999, "DA01"),
    ("RAW-R0001-OVERVIEW.h5", "RAW", 1, "OVERVIEW"), ("RAW-R0001-DA_01-S00000.h5", "RAW", 1, "DA_01"),
    ("RAW-R0001-DA01-S00000.h5.bak", "RAW", 1, "DA01"), ("RAW-R0001-é1-S00000.h5", "RAW", 1, "é1"),
    ("RAW-R0001-DA01_h5.h5", "RAW", 1, "DA01_h5"),
  ])
  func parts(_ name: String, _ category: String, _ run: Int, _ aggregator: String) throws {
    let parsed = try #require(FileName(name))
    #expect(parsed.category == category && parsed.run == run && parsed.aggregator == aggregator)
  }

  @Test(arguments: [
    "RAW-R0001-DA01-S1.h5", "RAW-R001-DA01-S00000.h5", "RAW-R+123-DA01-S00000.h5", "RAW-R00001-DA01-S00000.h5",
    "raw-R0001-DA01-S00000.h5", "RAW-R0001--S00000.h5", "RAW-R0001-DA01.hdf5", "RAW-R0001-DA01",
    "xRAW-R0001-DA01-S00000.h5", "-R0001-DA01-S00000.h5", "RAW-R0001-DA 01-S00000.h5", "RAW-R0001-DA01-S00000-x.h5",
    "RAW-R0001-DA01-S000000.h5", "RAW-R0001-DA01-S+0000.h5", "RAW-Rabcd-DA01.h5", "data.h5", "", "-", "--",
  ])
  func noUsualName(_ name: String) {
    #expect(FileName(name) == nil)
  }
}
