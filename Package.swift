// swift-tools-version: 6.2
import PackageDescription

/// Every target: Swift 6 mode, explicit existentials, imports that stay inside the target, no warnings.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// C targets are held to the same: no warnings.
let strictC: [CSetting] = [.treatAllWarnings(as: .error), .enableWarning("all"), .enableWarning("extra")]

let package = Package(
  name: "xfelfs",
  products: [.executable(name: "xfelfs", targets: ["xfelfs"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
  ],
  targets: [
    // C libraries from Debian, found by pkg-config. No logic: a module map and one-line inline functions.
    .systemLibrary(name: "CFuse", pkgConfig: "fuse3", providers: [.apt(["libfuse3-dev"])]),
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
    .systemLibrary(name: "CISAL", pkgConfig: "libisal", providers: [.apt(["libisal-dev"])]),
    // Not by pkg-config: the Debian file names options that SwiftPM does not pass on.
    .systemLibrary(name: "CZMQ", providers: [.apt(["libzmq3-dev"])]),
    // Declarations of glibc's that Swift does not see.
    .systemLibrary(name: "CLinux"),
    // The credentials of a thread.
    .systemLibrary(name: "CAccess"),

    // The C that has to be compiled: SIMD, and function tables that libhdf5 calls back.
    .target(name: "CKernels", cSettings: strictC),
    .target(name: "CFileDriver", dependencies: ["CHDF5"], cSettings: strictC),
    .target(name: "CIsolation", cSettings: strictC),

    // The formats and the libraries under them.
    .target(
      name: "HDF5", dependencies: ["CHDF5", "CFileDriver", "CIsolation", "Threads", "Wire"], swiftSettings: strict),
    .target(name: "ChunkCodec", dependencies: ["CDeflate", "CISAL", "CKernels"], swiftSettings: strict),
    .target(name: "NPY", swiftSettings: strict),
    .target(name: "Threads", swiftSettings: strict),
    // What passes between processes, as bytes.
    .target(name: "Wire", swiftSettings: strict),
    .target(name: "Printable", swiftSettings: strict),
    // The rights of other users to files.
    .target(name: "Access", dependencies: ["CAccess", "Threads"], swiftSettings: strict),

    // The run, its arrays and its texts.
    .target(name: "EXDF", dependencies: ["HDF5", "Threads"], swiftSettings: strict),
    .target(name: "ArrayIO", dependencies: ["HDF5", "ChunkCodec", "NPY", "Threads"], swiftSettings: strict),
    .target(name: "RunArrays", dependencies: ["EXDF", "ArrayIO", "HDF5", "NPY", "Threads"], swiftSettings: strict),
    // What there is to look at: numbers over an array, pictures, and labels for other readers.
    .target(
      name: "Statistics", dependencies: ["ArrayIO", "CKernels", "HDF5", "NPY", "Threads"], swiftSettings: strict),
    .target(name: "Pictures", dependencies: ["ArrayIO", "HDF5", "NPY", "Statistics"], swiftSettings: strict),
    .target(name: "Zarr", dependencies: ["ArrayIO", "HDF5", "NPY"], swiftSettings: strict),
    .target(name: "Validation", dependencies: ["EXDF", "HDF5", "Threads", "Printable"], swiftSettings: strict),
    .target(name: "Locality", dependencies: ["Threads", "Printable"], swiftSettings: strict),
    .target(
      name: "Reports", dependencies: ["EXDF", "RunArrays", "ArrayIO", "HDF5", "NPY", "Printable"],
      swiftSettings: strict),

    // HDF5 files of virtual datasets over a run, made in memory.
    .target(
      name: "VirtualFiles", dependencies: ["EXDF", "RunArrays", "ArrayIO", "HDF5", "NPY"],
      swiftSettings: strict),

    // The trains of a run as messages of Karabo bridge.
    .target(
      name: "Bridge", dependencies: ["CZMQ", "RunArrays", "ArrayIO", "HDF5", "NPY", "Threads"], swiftSettings: strict),

    // The tree and the two ways to it: a mount, and commands that need none.
    .target(
      name: "Tree",
      dependencies: [
        "EXDF", "RunArrays", "ArrayIO", "Reports", "Validation", "Locality", "VirtualFiles", "HDF5", "NPY", "Threads",
        "Printable", "Statistics", "Pictures",
      ],
      swiftSettings: strict),
    .target(name: "FUSE", dependencies: ["CFuse", "Threads"], swiftSettings: strict),
    // Where the tree meets FUSE: who may read, which thread answers, what the kernel caches.
    .target(
      name: "Mount",
      dependencies: [
        "FUSE", "Tree", "Access", "ArrayIO", "EXDF", "HDF5", "RunArrays", "Threads",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .target(name: "ExampleRun", dependencies: ["HDF5"], swiftSettings: strict),
    .target(
      name: "Commands",
      dependencies: [
        "Access", "EXDF", "RunArrays", "ArrayIO", "Reports", "Validation", "Locality", "Tree", "VirtualFiles",
        "Bridge", "FUSE", "Mount", "ExampleRun", "HDF5", "Threads", "Printable", "CLinux",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .executableTarget(name: "xfelfs", dependencies: ["Commands"], swiftSettings: strict),

    .testTarget(
      name: "ExampleRunTests", dependencies: ["ExampleRun", "CHDF5"], path: "Tests/ExampleRunTests",
      swiftSettings: strict),
    // Files written by libhdf5 itself, for the tests of whatever reads them without it.
    .target(name: "RawHDF5", dependencies: ["CHDF5"], path: "Tests/RawHDF5", swiftSettings: strict),
    .testTarget(
      name: "ChunkCodecTests", dependencies: ["ChunkCodec", "CKernels", "RawHDF5"], path: "Tests/ChunkCodecTests",
      swiftSettings: strict),
    .testTarget(
      name: "HDF5ChunkIndexTests", dependencies: ["HDF5", "RawHDF5"], path: "Tests/HDF5ChunkIndexTests",
      swiftSettings: strict),
    .testTarget(name: "FUSETests", dependencies: ["FUSE", "Threads"], path: "Tests/FUSETests", swiftSettings: strict),
    // Runs of known contents, right and wrong, in all versions of the format.
    .target(name: "TestRuns", dependencies: ["RawHDF5"], path: "Tests/TestRuns", swiftSettings: strict),
    .testTarget(
      name: "NPYTests", dependencies: ["NPY", "RawHDF5"], path: "Tests/NPYTests", swiftSettings: strict),
    .testTarget(
      name: "PrintableTests", dependencies: ["Printable"], path: "Tests/PrintableTests", swiftSettings: strict),
    .testTarget(
      name: "AccessTests", dependencies: ["Access", "CAccess", "TestRuns", "Threads"], path: "Tests/AccessTests",
      swiftSettings: strict),
    .testTarget(name: "ThreadsTests", dependencies: ["Threads"], path: "Tests/ThreadsTests", swiftSettings: strict),
    .testTarget(
      name: "HDF5Tests", dependencies: ["HDF5", "RawHDF5", "TestRuns"], path: "Tests/HDF5Tests", swiftSettings: strict),
    .testTarget(
      name: "EXDFTests", dependencies: ["EXDF", "HDF5", "RawHDF5", "TestRuns"], path: "Tests/EXDFTests",
      swiftSettings: strict),
    .testTarget(
      name: "ArrayIOTests", dependencies: ["ArrayIO", "HDF5", "NPY", "RawHDF5", "TestRuns", "Threads"],
      path: "Tests/ArrayIOTests", swiftSettings: strict),
    .testTarget(
      name: "TreeTests",
      dependencies: ["Tree", "ArrayIO", "EXDF", "HDF5", "NPY", "RawHDF5", "RunArrays", "TestRuns", "Validation"],
      path: "Tests/TreeTests", swiftSettings: strict),
    .testTarget(
      name: "ReportsTests",
      dependencies: ["Reports", "ArrayIO", "EXDF", "HDF5", "NPY", "RawHDF5", "RunArrays", "TestRuns"],
      path: "Tests/ReportsTests", swiftSettings: strict),
    .testTarget(
      name: "ValidationTests", dependencies: ["Validation", "HDF5"], path: "Tests/ValidationTests",
      swiftSettings: strict),
    .testTarget(
      name: "StatisticsTests", dependencies: ["Statistics", "ArrayIO", "HDF5", "NPY", "RawHDF5", "Threads"],
      path: "Tests/StatisticsTests", swiftSettings: strict),
    .testTarget(
      name: "PicturesTests", dependencies: ["Pictures", "ArrayIO", "CDeflate", "HDF5", "NPY"],
      path: "Tests/PicturesTests", swiftSettings: strict),
    .testTarget(
      name: "ZarrTests", dependencies: ["Zarr", "ArrayIO", "HDF5", "NPY"], path: "Tests/ZarrTests",
      swiftSettings: strict),
    .testTarget(
      name: "MountTests",
      dependencies: [
        "Mount", "Access", "ArrayIO", "FUSE", "HDF5", "Threads", "Tree",
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Tests/MountTests", swiftSettings: strict),
    .testTarget(name: "LocalityTests", dependencies: ["Locality"], path: "Tests/LocalityTests", swiftSettings: strict),
    .testTarget(
      name: "BridgeTests", dependencies: ["Bridge", "ArrayIO", "NPY", "RunArrays"], path: "Tests/BridgeTests",
      swiftSettings: strict),
    .testTarget(
      name: "CommandsTests", dependencies: ["Commands", "ArrayIO", "FUSE", "TestRuns"], path: "Tests/CommandsTests",
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
