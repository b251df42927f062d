/* Made for the next major of the ABI. */
const void *pipes_plugin_v2(const void *host);

__attribute__((visibility("default"))) const void *pipes_plugin_v2(const void *host) {
    return host;
}
