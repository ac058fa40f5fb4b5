/* SPDX-License-Identifier: Apache-2.0 */
/* Fault names: what signals, their codes and registers are called, in programs and by people. */
#pragma once

#include "base/out.h"

/* "address not mapped"; never NULL. */
const char *fault_about(int signal, int code);

/* "SEGV_MAPERR", or NULL. */
const char *fault_code_name(int signal, int code);

/* Does si_addr say anything? */
bool fault_has_address(int signal, int code);

/* By DWARF's number; CRASH_REGISTERS is the program counter. NULL: of no interest. */
const char *fault_register(uint32_t machine, unsigned number);

/* A C++ type as the compiler writes it, "N4shop5ErrorE", as people do: "shop::Error". */
void fault_exception_name(struct out *o, struct str mangled);

/* Frames between the cause and the signal: raise, abort, libc's checks, C++'s terminate. */
bool fault_is_way_to_abort(struct str function, struct str module);
