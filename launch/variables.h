/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables: every OTEL_* and ORIEL_* variable that is heeded, which is also every long option of
 * `oriel run`. One list: the options, `oriel help run` and the manual pages come from it.
 *
 * An option is the variable's name without its first word, in lower case, with '-' or '_' between
 * words: --service-name and --service_name stand for OTEL_SERVICE_NAME. An option wins over the
 * environment: it sets the variable.
 */
#pragma once

#include "base/str.h"

enum variable_group {
	VARIABLE_SERVICE,     /* who it is */
	VARIABLE_RECORDING,   /* what is recorded */
	VARIABLE_DESTINATION, /* where it goes */
	VARIABLE_COLLECTOR,   /* how a collector that must be started is started */
	VARIABLE_LAUNCH,      /* how oriel itself behaves */
	N_VARIABLE_GROUPS,
};

struct variable {
	const char *name;
	enum variable_group group;
	/*
	 * What it is called in help, and by some words what it must be (launch/check-values.h); NULL: a
	 * switch, true when given alone.
	 */
	const char *argument;
	const char *otherwise; /* the default, for people; NULL: none */
	const char *about;
	bool per_signal; /* OTEL_EXPORTER_OTLP_X is also OTEL_EXPORTER_OTLP_{TRACES,METRICS,LOGS}_X */
};

/* Ended by a row whose name is NULL. */
extern const struct variable variables[];

const char *variable_group_title(enum variable_group group);

enum { VARIABLE_NAME_ROOM = 80 };

/* Its own name is number 0; those of one signal follow. False: there are no more. */
bool variable_name(const struct variable *v, size_t i, char name[VARIABLE_NAME_ROOM]);

/* The one whose name it is in full, or that of one signal; NULL: none. */
const struct variable *variable_of(const char *name);

/*
 * The variable that the option `--NAME` stands for (without dashes), and its full name, which may
 * be that of one signal. NULL: none.
 */
const struct variable *variable_find(struct str option, char name[VARIABLE_NAME_ROOM]);

/* "service-name" for OTEL_SERVICE_NAME. */
void variable_option(const struct variable *v, char option[VARIABLE_NAME_ROOM]);

/* The value of an environment variable; NULL when unset or empty, as the specification says. */
const char *variable_get(const char *name);

/* "true" in any case, or "1" for ORIEL_*. */
bool variable_is_true(const char *name);

/* Relative paths in our environment become absolute: a collector reads them elsewhere, later. */
void variables_make_absolute(void);
