/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follow: what the programs find in their environment that this one starts.
 *
 * Children are watched because they inherit the environment. Three things need our hand, in the
 * exec and spawn functions:
 *
 *     a program that can't find the agent (after chroot) or that it doesn't fit (musl, another word size or machine, AddressSanitizer),
 *     or that may use too little memory for both (ulimit -v), would not start with it: our entries are taken out of LD_PRELOAD and LD_AUDIT
 *
 *     a program that clears the environment and starts itself anew (nginx's binary upgrade) gets
 *     our variables back
 *
 *     a wrapper that sets LD_PRELOAD to a library of its own (jemalloc, before many a service) means
 *     to add that, not to take ours away: where all else of ours is still there, the entry comes back
 *
 *     ORIEL_FOLLOW=no: our entries are taken out of this process's own environment at its start,
 *     so that no child has them however it is started; a program that takes this one's place (exec
 *     without fork) is no child, and gets them back
 *
 * LD_AUDIT is for the program that the launcher looked at: another may need more thread-local storage
 * than there is with it, and not start. It goes on only with ORIEL_AUDIT=yes.
 *
 * Other entries of LD_PRELOAD and LD_AUDIT stay as they are, always. The hooks run between vfork and
 * exec too: no allocation, no lock, what they need lies on the stack; an environment of more than
 * FOLLOW_MOST variables goes through as it is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { FOLLOW_MOST = 1024 };

/* From the constructor, when preloaded; `agent` is our path as LD_PRELOAD has it. */
void follow_start(const char *agent);

/* Until it is set, every environment goes through as it is. */
extern bool follow_ready;

/* ---- the file that is to run (agent/follow-target.c) -------------------------------------------- */

enum { FOLLOW_PATH_ROOM = 512 };

struct target {
	bool found;
	bool lacks_agent; /* the agent isn't to be found where it will run, in another root directory, say */
	bool narrow;	 /* it may use too little address space */
	bool unfit;	 /* it would not start with the agent */
	bool needs_asan; /* unless AddressSanitizer was told not to mind */
	bool same;	 /* as what runs here now, or what has taken its place on disk */
};

void target_start(const char *agent);

/* Of an open file, of a path (beside the directory `at`), of a name that is looked for in PATH. */
struct target target_of_fd(int fd);
struct target target_of_path(int at, const char *path);
struct target target_of_name(const char *name);

/* ---- what nobody will see (agent/follow-tell.c) -------------------------------------------------- */

struct change;

void tell_start(void);
void tell_unseen(const struct target *t, const struct change *c);

/* ---- its environment (agent/follow-environment.c) ----------------------------------------------- */

struct change {
	bool take, give; /* our variables; neither: the environment goes through as it is */
	bool goes_along; /* the agent is in what it gets */
	bool entries;	 /* give: the lists' entries alone */
	size_t slots, bytes;
};

/* Keeps copies of our variables. */
void environment_start(const char *agent);

/* Take what is for this program alone (LD_AUDIT), or everything, out of its own environment. */
void environment_leave(bool everything);

/* What a program gets: one that is spawned, or one that may take our place. */
struct change follow_change(char *const *envp, const struct target *t, bool spawns);

/* Our variables are put in where they are missing, if the target bears them. */
enum give_back { GIVE_NOTHING, GIVE_BACK, GIVE_IF_REPLACED };

struct change environment_change(char *const *envp, const struct target *t, enum give_back give);

/* `to` has room for the change's slots, `text` for its bytes. */
void environment_write(const struct change *c, char *const *envp, char **to, char *text);
