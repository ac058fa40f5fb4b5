/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control: what can be changed in a process from outside while it runs, without touching it.
 *
 * The process fills in what its configuration says before it publishes its segment; from then on the
 * collector may change it, and the process too (oriel_logger_level). Each word is read where it
 * decides, each time, and stands for itself: relaxed loads, no order among them.
 *
 *     passing   how many of the 24 severities a logger lets pass, counted from the top; 0: none
 *     logger    the loggers' names, numbers in wire/names.h; [0], the program's own, has none
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

enum {
	CONTROL_LOGGERS = 64,
	CONTROL_SEVERITY_MOST = 24,
};

struct control {
	_Alignas(64) _Atomic uint8_t passing[CONTROL_LOGGERS];
	_Atomic uint16_t logger[CONTROL_LOGGERS];
};
