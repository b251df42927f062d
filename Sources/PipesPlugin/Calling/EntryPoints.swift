internal import CPipes

// What the host calls. Each finds the node's `Instance` behind `state`; a nil that pipes.h does not
// allow is answered, not followed.

func openSlot(
    _ slot: Int, _ host: UnsafePointer<pipes_host>?, _ node: OpaquePointer?,
    _ args: UnsafePointer<pipes_value>?, _ count: Int,
    _ state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> pipes_status {
    guard let host, let state, let blueprint = OpenSlots.blueprint(slot) else {
        return Status.fatal
    }
    let node = Node(host: host, node: node)
    let instance = blueprint.makeInstance()
    do {
        let args = UnsafeBufferPointer(start: args, count: args == nil ? 0 : count)
        try instance.open(node, args: args)
    } catch {
        if let text = Outcome(error, inputNames: []).text { node.explain(nil, text) }
        return Status.fatal
    }
    state.pointee = Unmanaged.passRetained(instance).toOpaque()
    return Status.ok
}

/// Calls an instance without counting the reference, which for each row would take longer than a
/// small processor: the host holds one from `open` to `close`.
@inline(__always)
private func with(
    _ state: UnsafeMutableRawPointer?, _ body: (Instance) -> pipes_status
) -> pipes_status {
    guard let state else { return Status.fatal }
    return Unmanaged<Instance>.fromOpaque(state)._withUnsafeGuaranteedRef(body)
}

enum EntryPoints {
    static let produce: @convention(c) (UnsafeMutableRawPointer?, Call?) -> pipes_status = {
        guard let call = $1 else { return Status.fatal }
        return with($0) { $0.produce(call) }
    }

    static let map:
        @convention(c) (
            UnsafeMutableRawPointer?, Call?, UnsafePointer<pipes_value>?,
            UnsafeMutablePointer<pipes_value>?
        ) -> pipes_status = {
            guard let call = $1, let row = $2, let result = $3 else { return Status.fatal }
            return with($0) { $0.mapInTheShortestWay(call, row, result) }
        }

    static let process:
        @convention(c) (
            UnsafeMutableRawPointer?, Call?, UnsafePointer<pipes_batch>?
        ) -> pipes_status = {
            guard let call = $1, let batch = $2 else { return Status.fatal }
            return with($0) { $0.process(call, batch) }
        }

    static let flush: @convention(c) (UnsafeMutableRawPointer?, Call?) -> pipes_status = {
        guard let call = $1 else { return Status.fatal }
        return with($0) { $0.flush(call) }
    }

    static let cancel:
        @convention(c) (UnsafeMutableRawPointer?, pipes_ticket, UnsafeMutableRawPointer?) -> Void =
            {
                guard let state = $0 else { return }
                Unmanaged<Instance>.fromOpaque(state).takeUnretainedValue()
                    .deferredCalls.cancel($2)
            }

    /// Releases what `open` retained. A task that has completed its ticket may hold on to the
    /// instance for another moment, but does nothing with it any more.
    static let close: @convention(c) (UnsafeMutableRawPointer?) -> Void = { state in
        guard let state else { return }
        Unmanaged<Instance>.fromOpaque(state).takeRetainedValue().close()
    }
}
