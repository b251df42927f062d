import CReference
import MeasuredGraphs

/// Rows that do next to nothing, against the same processors in plain C.
func throughputWorkloads() {
    let ints = MeasuredGraph.Chain(rows: Size.rows(10_000_000))
    workload("chain of INT maps") { recorder in
        try await pair(recorder, hopsTimesRows: ints.hops * ints.rows, host: ints.graph) {
            ints.inC(reference_plain_chain)
        }
    }

    let texts = MeasuredGraph.Chain(
        source: "measured.texts", map: "measured.pass", rows: Size.rows(5_000_000))
    workload("chain passing a text on") { recorder in
        try await pair(recorder, hopsTimesRows: texts.hops * texts.rows, host: texts.graph) {
            texts.inC(reference_plain_chain)
        }
    }

    let five = MeasuredGraph.Chain(source: "measured.texts", rows: Size.rows(2_000_000))
    workload("five-node graph") { recorder in
        let graph = MeasuredGraph.fiveNodes(rows: five.rows)
        try await pair(recorder, hopsTimesRows: 6 * five.rows, host: graph) {
            five.inC(reference_plain_five_nodes)
        }
    }

    let fan = MeasuredGraph.Chain(rows: Size.rows(2_000_000))
    workload("fan-out to 8 maps, merged") { recorder in
        let hops = 2 * fan.mapCount
        try await pair(
            recorder, hopsTimesRows: hops * fan.rows, inOrder: false, host: fan.fannedOut
        ) { fan.inC(reference_plain_fan_out) }
    }

    let queued = MeasuredGraph.Chain(
        source: "measured.ints_blocking", map: "measured.add_blocking",
        sink: "measured.sum_blocking", rows: Size.rows(3_000_000))
    workload("chain with a queue on each edge") { recorder in
        try await pair(recorder, hopsTimesRows: queued.hops * queued.rows, host: queued.graph) {
            queued.inC(reference_ring_chain)
        }
    }

    let crc = MeasuredGraph.Chain(source: "measured.texts", rows: Size.rows(5_000_000))
    workload("crc32 by signature", metrics: ["figure", "limit", "ratio", "direct"]) { recorder in
        let graph = MeasuredGraph.crc32(rows: crc.rows)
        let direct = try Reference.checked(crc.inC(reference_crc32_direct))
        recorder.record("direct", Double(direct.nanoseconds) / Double(crc.rows))
        try await pair(recorder, hopsTimesRows: crc.rows, inOrder: false, host: graph) {
            crc.inC(reference_crc32_by_ffi)
        }
    }
}

/// What an author pays for writing a map in Swift, against the same map in C in the same host.
func swiftWorkloads() {
    func compare(
        _ name: String, source: String, swift: String, c: String, rows: Int
    ) {
        let ours = MeasuredGraph.Chain(
            source: source, map: "measuredswift.\(swift)", rows: Size.rows(rows))
        var theirs = ours
        theirs.map = "measured.\(c)"
        workload(name, metrics: ["figure", "limit", "over"]) { [theirs] recorder in
            let inC = try await GraphRun.of(theirs.graph)
            let inSwift = try await GraphRun.of(ours.graph)
            guard inC.sink["sum"] == inSwift.sink["sum"] else {
                throw GraphRun.Unsound(description: "\(name): the sums differ")
            }
            let maps = Double(ours.mapCount * ours.rows)
            recorder.record("figure", inSwift.nanoseconds / maps)
            recorder.record("limit", inC.nanoseconds / maps)
            recorder.record("over", (inSwift.nanoseconds - inC.nanoseconds) / maps)
        }
    }
    compare("Swift map of an Int", source: "measured.ints", swift: "add", c: "add", rows: 3_000_000)
    compare(
        "Swift map of a String", source: "measured.texts", swift: "copy", c: "copy", rows: 500_000)
    compare(
        "Swift map of a TextView", source: "measured.texts", swift: "view", c: "pass",
        rows: 1_000_000)
}
