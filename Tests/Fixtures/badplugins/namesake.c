/* A function of its own that has the name of one of the C library with varargs. */
__attribute__((visibility("default"))) int error(int number) { return number; }
