import CPipes
import PipesCore

/// A source that may block, on a thread of its own: its calls are deferred, so that its stage can
/// end for another graph to take over while the source waits for what comes next.
final class DetachedSource: Processor {
    private let source: any Processor
    private let state = Locked(State())

    private struct State {
        var isInside = false
        var isClosed = false
    }

    init(_ source: any Processor) {
        self.source = source
    }

    func open() throws(OpenFailure) { try source.open() }

    func produce(_ call: Call) -> Answer {
        state.withLock { $0.isInside = true }
        Task(executorPreference: BlockingThreads.shared) { [source, state] in
            let answer = source.produce(call)
            let isClosed = state.withLock { state in
                state.isInside = false
                return state.isClosed
            }
            if isClosed {
                source.close()
            } else if answer != .deferred {
                call.complete(answer)
            }
        }
        return .deferred
    }

    func cancel(_ call: Call) {
        source.cancel(call)
        source.interrupt()
    }

    func abandon(_ call: Call) { source.abandon(call) }
    func interrupt() { source.interrupt() }

    /// A call that does not return keeps the source open until it does.
    func close() {
        let isInside = state.withLock { state in
            state.isClosed = true
            return state.isInside
        }
        if !isInside { source.close() }
    }

    // MARK: In a graph

    /// Has all sources of a graph that may block do so on threads of their own.
    static func detach(_ graph: inout CheckedGraph, _ factories: inout [any ProcessorFactory]) {
        for index in graph.nodes.indices {
            let flags = graph.nodes[index].description.flags
            guard graph.nodes[index].description.isSource, !flags.contains(.nonblocking) else {
                continue
            }
            graph.nodes[index].description.flags = flags.union([.nonblocking, .defers])
            factories[index] = Factory(source: factories[index])
        }
    }

    private struct Factory: ProcessorFactory {
        let source: any ProcessorFactory

        var description: ProcessorDescription { source.description }

        func makeProcessor(for node: NodeContext, args: [Value]) -> any Processor {
            DetachedSource(source.makeProcessor(for: node, args: args))
        }

        func isSame(as other: any ProcessorFactory) -> Bool {
            guard let other = other as? Factory else { return false }
            return source.isSame(as: other.source)
        }
    }
}
