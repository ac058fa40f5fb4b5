/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Say: the collector's log. One line per event that a person can act on, to standard error: what
 * happened, then key=value, then what comes next.
 *
 *     say("run started id=%s pid=%d command=%s", id, pid, command);
 *
 *     say_wrong("store: %s; keeping nothing", why)                    a warning
 *
 * OTEL_LOG_LEVEL says what is said: info, which is all of it, without a word; warn; error, none: nothing.
 *
 * A line is one write, with the time before it when standard error is a file. Any thread. Control
 * characters of foreign text become '?'.
 */
#pragma once

void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void say_wrong(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
