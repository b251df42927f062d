import Foundation
import PipesPlugin

struct Format: MapProcessor {
    static let summary = "Three digits, by Foundation."

    func map(_ number: Int) throws -> String {
        if number == 900 { throw Retry("is 900") }
        if number == 901 { throw Fatal("is 901") }
        return String(format: "%03d", number)
    }
}

struct OnMainActor: MapProcessor {
    static let summary = "Waits for the main actor."

    func map(_ number: Int) async -> String {
        await MainActor.run { String(format: "%03d", number) }
    }
}

struct OnMainQueue: MapProcessor {
    static let summary = "Waits for the main queue."

    func map(_ number: Int) async -> String {
        await withCheckedContinuation { waiting in
            DispatchQueue.main.async { waiting.resume(returning: String(format: "%03d", number)) }
        }
    }
}

struct InTask: MapProcessor {
    static let summary = "Waits for a task on the main actor that is nobody's child."

    func map(_ number: Int) async -> String {
        await Task { @MainActor in String(format: "%03d", number) }.value
    }
}

struct RunsLoop: MapProcessor {
    static let summary = "Has the main queue run the main run loop, for ever."

    func open() { DispatchQueue.main.async { RunLoop.main.run() } }
    func map(_ number: Int) -> String { String(format: "%03d", number) }
}

struct HoldsMain: MapProcessor {
    static let summary = "Has the main queue do one thing, for ever."

    func open() { DispatchQueue.main.async { while true { sleep(1000) } } }
    func map(_ number: Int) -> String { String(format: "%03d", number) }
}

@c @implementation
public func pipes_plugin_v1(_ host: UnsafePointer<pipes_host>?) -> UnsafePointer<pipes_plugin>? {
    Plugin(
        "founded", version: "1.0.0", summary: "Uses Foundation.",
        processors: [
            Format.self, OnMainActor.self, OnMainQueue.self, InTask.self, RunsLoop.self,
            HoldsMain.self,
        ]
    ).descriptor
}
