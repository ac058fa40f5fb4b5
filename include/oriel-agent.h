/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Oriel's agent, for a program that is linked with it and runs without `oriel run`.
 *
 *     #include <oriel-agent.h>
 *
 *     oriel_instrument(NULL);                         watch every library that the agent knows
 *     oriel_instrument("libcurl, sqlite");            or these
 *
 *     cc shop.c -loriel-agent -loriel -lcurl -lsqlite3
 *
 * The program's calls come to the agent only if it stands before the libraries: -loriel-agent goes
 * first on the linker's command line, and --as-needed must not drop it (a call of oriel_instrument
 * keeps it). Nothing is watched until oriel_instrument is called, or the environment says
 * ORIEL_INSTRUMENT=1 (0, no, none, false and off are "no"). Under `oriel run` everything is watched
 * from the beginning, and these calls still switch libraries on and off.
 */
#ifndef ORIEL_AGENT_H
#define ORIEL_AGENT_H

#include <oriel.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Watch these: a comma list of names in any case, blanks around them ignored; unknown ones do
 * nothing. NULL: all, but for those in ORIEL_DISABLED_INSTRUMENTATIONS. Begins to record, as
 * oriel_start(NULL) does, if nobody has. 0, or an oriel_off value: then nothing is watched.
 *
 * As often as you like, from any thread, while the libraries are in use: what began before is not
 * seen, what ends later is left alone. Not in signal handlers.
 */
ORIEL_API int oriel_instrument(const char *libraries);

/*
 * Watch these no longer (NULL: none at all). What is under way is recorded to its end; recording
 * itself goes on. The same promises.
 */
ORIEL_API void oriel_uninstrument(const char *libraries);

#ifdef __cplusplus
}
#endif

#endif
