/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Place: where things are for this user: the run directory, the data directory, and our own parts.
 *
 *     char dir[PLACE_ROOM];
 *     r = place_run_dir(dir);                $ORIEL_RUN_DIR, else /dev/shm/oriel-UID; made if missing
 *
 * Every call fills a buffer of PLACE_ROOM bytes with an absolute path ended by NUL. 0, or a
 * negative errno: -ENAMETOOLONG, -ENOENT for a part that isn't installed, -EPERM for a run
 * directory that is not ours alone (somebody else's, or open to others).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PLACE_ROOM = 1024 };

/* Made with 0700. Not looked at by others: a directory of another user is refused. */
int place_run_dir(char *to);

/* Whether a process gets shared memory there; *mib: how much is free, if that can be told. */
bool place_has_room(const char *run_dir, uint64_t *mib);

/* $ORIEL_DATA_DIR, $XDG_DATA_HOME/oriel, ~/.local/share/oriel. Not made. */
int place_data_dir(char *to);
/* The same, made with 0700 where missing, its parents too. */
int place_make_data_dir(char *to);

/* liboriel-agent.so, preloaded into services; $ORIEL_AGENT, else beside us or where we were installed. */
int place_agent(char *to);

/* oriel-collect, the collector's own executable, beside us or where we were installed. */
int place_collector(char *to);
int place_configure(char *to); /* the reader of configuration files */

/* oriel-inspect, which looks at segments, likewise. */
int place_inspector(char *to);

/* `oriel` itself. */
int place_self(char *to);
