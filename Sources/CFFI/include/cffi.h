#ifndef CFFI_H
#define CFFI_H
#include <ffi.h>
#endif
