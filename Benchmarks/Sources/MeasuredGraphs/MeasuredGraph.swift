public import Pipes

/// The graphs that are measured. All processors come from plugins, as a user's would.
public enum MeasuredGraph {
    /// A source, a row of the same maps, and a sink.
    public struct Chain: Sendable {
        public var source: String
        public var map: String
        public var mapCount: Int
        public var sink: String
        public var rows: Int
        /// For a sink that works for each row.
        public var sinkRounds: Int?

        public init(
            source: String = "measured.ints", map: String = "measured.add", mapCount: Int = 8,
            sink: String = "measured.sum", rows: Int, sinkRounds: Int? = nil
        ) {
            self.source = source
            self.map = map
            self.mapCount = mapCount
            self.sink = sink
            self.rows = rows
            self.sinkRounds = sinkRounds
        }

        /// Edges that each row goes over.
        public var hops: Int { mapCount + 1 }

        public var graph: Graph {
            let maps = (0..<mapCount).map { Graph.Node("map\($0)", coro: map) }
            let nodes = [sourceNode] + maps + [sinkNode()]
            let edges = zip(nodes, nodes.dropFirst()).map {
                Graph.Edge(from: $0.name, to: $1.name)
            }
            return Graph(name: "chain", nodes: nodes, edges: edges)
        }

        /// The same nodes side by side: each map gets every row, and the sink takes what comes.
        public var fannedOut: Graph {
            let maps = (0..<mapCount).map { Graph.Node("map\($0)", coro: map) }
            var properties = NodeProperties()
            properties.aggregateInputs = false
            return Graph(
                name: "fan-out", nodes: [sourceNode] + maps + [sinkNode(properties)],
                edges: maps.map { Graph.Edge(from: "source", to: $0.name) }
                    + maps.map { Graph.Edge(from: $0.name, to: "sink") })
        }

        private var sourceNode: Graph.Node {
            Graph.Node("source", coro: source, args: [.init("num", .int(Int64(rows)))])
        }

        private func sinkNode(_ properties: NodeProperties = NodeProperties()) -> Graph.Node {
            let args = sinkRounds.map { [Graph.Arg("rounds", .int(Int64($0)))] } ?? []
            return Graph.Node("sink", coro: sink, args: args, properties: properties)
        }
    }

    /// Six edges: texts turned around, put into upper case, joined, and merged again.
    public static func fiveNodes(rows: Int) -> Graph {
        var merging = NodeProperties()
        merging.aggregateInputs = false
        return Graph(
            name: "five-nodes",
            nodes: [
                .init("source", coro: "measured.texts", args: [.init("num", .int(Int64(rows)))]),
                .init("reversed", coro: "measured.reverse"),
                .init("upper", coro: "measured.upper"),
                .init("appended", coro: "measured.append_reverse"),
                .init("sink", coro: "measured.sum", properties: merging),
            ],
            edges: [
                .init(from: "source", to: "reversed"), .init(from: "reversed", to: "upper"),
                .init(from: "reversed", to: "appended"), .init(from: "upper", to: "appended"),
                .init(from: "upper", to: "sink"), .init(from: "appended", to: "sink"),
            ])
    }

    /// zlib's crc32 of texts, called by its signature.
    public static func crc32(rows: Int) -> Graph {
        graph(
            "crc32", rows: rows, source: "measured.texts", sink: "measured.sum",
            between: Graph.Node(
                "crc32", coro: "libz.so.1:crc32",
                signature: "(crc:ulong=0, in.ptr, in.len:uint) -> ulong pure"))
    }

    /// Rows that each wait 10 ms without holding a thread.
    public static func deferring(rows: Int, inFlight: Int) -> Graph {
        var properties = NodeProperties()
        properties.concurrency = inFlight
        return graph(
            "deferring", rows: rows, source: "measured.ints", sink: "measured.sum",
            between: Graph.Node(
                "delay", coro: "flow.delay", args: [.init("time", .string("10ms"))],
                properties: properties))
    }

    /// A map that works hard for each row, several rows at once.
    public static func lanes(_ count: Int, rows: Int, rounds: Int) -> Graph {
        var properties = NodeProperties()
        properties.concurrency = count
        return graph(
            "lanes", rows: rows, source: "measured.ints", sink: "measured.sum",
            between: Graph.Node(
                "busy", coro: "measured.busy", args: [.init("rounds", .int(Int64(rounds)))],
                properties: properties))
    }

    /// Rows that know when they were made, each passed on five times.
    public static func paced(_ kind: String = "", rows: Int, rate: Int) -> Graph {
        var graph = Chain(
            source: "measured.paced\(kind)", map: "measured.pass\(kind)", mapCount: 5,
            sink: "measured.latency\(kind)", rows: rows
        ).graph
        graph.nodes[0].args.append(.init("rate", .int(Int64(rate))))
        return graph
    }

    private static func graph(
        _ name: String, rows: Int, source: String, sink: String, between node: Graph.Node
    ) -> Graph {
        Graph(
            name: name,
            nodes: [
                .init("source", coro: source, args: [.init("num", .int(Int64(rows)))]), node,
                .init("sink", coro: sink),
            ],
            edges: [
                .init(from: "source", to: node.name), .init(from: node.name, to: "sink"),
            ])
    }
}
