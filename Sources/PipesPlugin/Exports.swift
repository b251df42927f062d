// A plugin needs `import PipesPlugin` alone: `@c @implementation public func pipes_plugin_v1` is
// checked against the C header, so the header has to be visible where it is written.
@_exported public import CPipes
