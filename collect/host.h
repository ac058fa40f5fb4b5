/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host: what the collector can tell of the machine and of a process from outside, at no cost to the
 * service, for its resource.
 *
 *     host_look(&host);                      once
 *     outside_look(&outside, pid, uid, words);   a process that is there; pid 0: one that can't be seen
 *
 * Members are empty where nothing is known. Only files of this machine are read: no name service.
 */
#pragma once

#include "base/str.h"

#include <sys/types.h>

struct host {
	char name[256];
	char id[64];	  /* /etc/machine-id */
	const char *arch; /* in OpenTelemetry's words; static */
	char os_name[64]; /* these three from os-release */
	char os_version[64];
	char os_description[128];
};

void host_look(struct host *h);

/* What /etc/os-release says; for host_look. */
void host_read_release(struct host *h, struct str text);

enum { OUTSIDE_WORDS = 4096 };

struct outside {
	char container[65];
	char owner[64]; /* the user's name, or number */
	size_t words_n;
	char words[OUTSIDE_WORDS]; /* /proc/PID/cmdline: each ends in NUL */
};

/* The arguments may hold secrets: `words` is whether the user asked for them. */
void outside_look(struct outside *o, pid_t pid, uid_t uid, bool words);
