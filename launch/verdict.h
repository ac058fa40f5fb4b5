/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdict: what would be watched in a program, and what would not and why, one line each.
 *
 *     struct verdict v;
 *     verdict_of(&v, &program, agent, VERDICT_QUICK);
 *     if (!v.preload) fprintf(stderr, "oriel: %s %s\n", name, verdict_blind(&v)->says);
 *
 * A pure function of what program_look found. `says` is the rest of a sentence that begins with the
 * program's name. `oriel run` prints verdict_line alone; `oriel doctor` shows all findings.
 */
#pragma once

#include "launch/program.h"

enum finding_grade {
	FINDING_SEEN,  /* will be watched */
	FINDING_NOTE,  /* good to know */
	FINDING_BLIND, /* the agent can't be loaded */
};

struct finding {
	enum finding_grade grade;
	const char *topic; /* a word or two; static */
	char says[400];
	struct str path; /* of a watched library; else empty */
};

struct verdict {
	bool preload;	  /* the agent may be loaded */
	struct str asan;  /* AddressSanitizer's runtime, which must come before the agent */
	bool hands_over;  /* a shell or a launcher: what matters is what it starts */
	size_t n_watched; /* libraries that are watched */
	uint64_t
		static_tls; /* bytes of thread-local storage that its libraries need from the start */
	struct finding finding[32];
	size_t n_findings;
};

enum verdict_care {
	VERDICT_QUICK,	  /* for every `oriel run` */
	VERDICT_THOROUGH, /* reads the symbols too, and says more */
};

/* `agent` is its path, or NULL when it isn't installed. */
void verdict_of(struct verdict *v, const struct program *p, const char *agent,
		enum verdict_care care);

/* Why not to preload: the first reason, or NULL. */
const struct finding *verdict_blind(const struct verdict *v);

/* The one thing to tell before the program runs, or NULL when there is nothing to tell. */
const struct finding *verdict_line(const struct verdict *v);
