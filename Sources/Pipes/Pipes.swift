// One import for programs that run graphs themselves.
@_exported public import PipesCore
@_exported public import PipesPluginHost
@_exported public import PipesRuntime
