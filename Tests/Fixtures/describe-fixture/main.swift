// Describes one file, as the host's own command does, with a table in which nothing is filled in.
import CPipes
import PipesPluginHost

let host = UnsafeMutablePointer<pipes_host>.allocate(capacity: 1)
host.initialize(to: pipes_host())
host.pointee.struct_size = UInt32(MemoryLayout<pipes_host>.size)
DescribeFile.run(CommandLine.arguments.last ?? "", host: UnsafePointer(host))
