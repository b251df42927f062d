internal import PipesPlugin
