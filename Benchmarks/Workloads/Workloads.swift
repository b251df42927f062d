import Benchmark

let benchmarks: @Sendable () -> Void = {
    throughputWorkloads()
    swiftWorkloads()
    concurrencyWorkloads()
    latencyWorkloads()
    memoryWorkloads()
    commandWorkloads()
}
