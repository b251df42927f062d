import Benchmark

let benchmarks: @Sendable () -> Void = {
    throughputWorkloads()
    swiftWorkloads()
    closureWorkloads()
    concurrencyWorkloads()
    latencyWorkloads()
    memoryWorkloads()
    commandWorkloads()
}
