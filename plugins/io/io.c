#include <pipes/pipes.h>
static const pipes_processor processors[] = {{.struct_size = sizeof(pipes_processor), .name = "placeholder"}};
PIPES_PLUGIN("io", "1.0.0", "", processors)
