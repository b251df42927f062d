// A processor that uses Go's library: the host of each URL. What pipes.h needs in C stands in
// plugin.c; the function here is what it calls for each row.
package main

/*
#cgo pkg-config: pipes
#cgo CFLAGS: -std=c11 -Wall -fvisibility=hidden
#include <pipes/pipes.h>
#include <stdlib.h>

// Go has no name for a member of a union.
static inline const char *text_of(const pipes_value *value) { return value->text; }
*/
import "C"

import (
	"fmt"
	"net/url"
	"unsafe"
)

//export links_host
func links_host(call *C.pipes_call, row *C.pipes_value, result *C.pipes_value) (status C.pipes_status) {
	// A panic must not cross the line: this row failed, and the others go on.
	defer func() {
		if reason := recover(); reason != nil {
			status = reject(call, fmt.Sprint(reason))
		}
	}()
	text := C.GoStringN(C.text_of(row), C.int(row.size))
	link, err := url.Parse(text)
	if err != nil {
		return reject(call, err.Error())
	}
	if link.Host == "" {
		return C.PIPES_SKIP
	}
	size := C.size_t(len(link.Host))
	memory := C.pipes_alloc(call, size)
	if memory == nil {
		return C.PIPES_RETRY
	}
	copy(unsafe.Slice((*byte)(memory), len(link.Host)), link.Host)
	*result = C.pipes_string((*C.char)(memory), size)
	return C.PIPES_OK
}

// reject fails the row, with a reason for its dead letter.
func reject(call *C.pipes_call, reason string) C.pipes_status {
	text := C.CString(reason)
	defer C.free(unsafe.Pointer(text))
	return C.pipes_explain(call, C.PIPES_REJECT, text)
}

func main() {}
