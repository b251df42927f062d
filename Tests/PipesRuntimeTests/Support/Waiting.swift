import Dispatch

@testable import PipesRuntime

/// A door that starts shut. Threads wait at it; once open it stays open.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func open() { semaphore.signal() }

    /// Blocks the thread until the gate is open.
    func pass() {
        semaphore.wait()
        semaphore.signal()
    }
}

/// Lets through as many as were called in. Threads wait at it.
final class Turnstile: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func letIn(_ count: Int = 1) { for _ in 0..<count { semaphore.signal() } }

    /// Blocks the thread until it is its turn.
    func pass() { semaphore.wait() }
}

/// What a test waits for: something that a processor sees happen.
final class Signal: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func raise() { continuation.yield() }

    /// Returns once it was raised as often as it was waited for.
    func wait() async { for await _ in stream { return } }
}

struct TimedOut: Error {}

/// Answers what `work` comes to, or gives it up after `seconds`: a run that hangs must fail its
/// test, not stop all others.
func within<Result: Sendable>(
    seconds: Int = 240, _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    let isAnswered = Locked(false)
    return try await withCheckedThrowingContinuation { continuation in
        let answer: @Sendable (Swift.Result<Result, any Error>) -> Void = { result in
            let isFirst = isAnswered.withLock { isAnswered in
                defer { isAnswered = true }
                return !isAnswered
            }
            if isFirst { continuation.resume(with: result) }
        }
        let task = Task {
            do { answer(.success(try await work())) } catch { answer(.failure(error)) }
        }
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(seconds)) {
            answer(.failure(TimedOut()))
            task.cancel()
        }
    }
}
