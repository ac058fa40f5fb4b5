/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Program: what a command line would run, looked at before it runs.
 *
 *     struct program p = { 0 };
 *     r = program_look(&p, argv, &arena);    PROGRAM_MISSING, PROGRAM_DENIED, or 0
 *     p.path, p.elf, p.libs, ...
 *
 * Finds it as execvp would, follows `#!` lines (and env) to the program that the kernel really
 * starts, or what a dynamic linker is told to start, and reads that one's ELF file and its libraries. Changes nothing, runs nothing.
 */
#pragma once

#include "launch/libraries.h"

/* Positive outcomes. */
enum {
	PROGRAM_MISSING = 1, /* no such file, in no directory of PATH */
	PROGRAM_DENIED,	     /* there is one, and it can't be executed */
};

enum program_libc {
	LIBC_NONE, /* static */
	LIBC_GNU,
	LIBC_MUSL,
	LIBC_OTHER,
};

struct program {
	struct str command; /* argv[0] */
	struct str path;    /* what was found for it */
	struct str script;  /* path of the first script, when `path` is one; else empty */
	struct str binary;  /* the ELF file that runs in the end: `path`, or an interpreter */
	struct str
		loader; /* a dynamic linker that is the command, and loads `binary`; else empty */
	bool loads_nothing; /* that one, but it isn't told to start anything */
	bool readable;	    /* could `binary` be read? */
	bool is_elf;	    /* and is it ELF of a form that makes sense? */
	struct elf elf;
	enum program_libc libc;
	bool is_static;	     /* no dynamic linker takes part */
	bool other_user;     /* setuid or setgid to somebody else, and it would be heeded */
	bool capabilities;   /* file capabilities that would be heeded */
	bool narrow;	     /* it may use too little address space for the agent beside it */
	bool no_interpreter; /* its dynamic linker or script interpreter isn't there */
	struct libraries libs;
	const char *no_agent; /* of program_agent, by whoever asked; NULL: nobody did */
};

int program_look(struct program *out, char *const *argv, struct arena *arena);

/* Symbol (or any string in a string table) of the binary; reads the whole file: not for every run. */
bool program_mentions(const struct program *p, const char *name);

/* Is this name exported by the binary? Reads its symbols: not for every run. */
bool program_exports(const struct program *p, const char *name);

/* Last part of the binary's path. */
struct str program_name(const struct program *p);

/*
 * The agent's path (PLACE_ROOM bytes): place_agent's, if all that it needs can be found as well: a
 * program that preloads a library which lacks another doesn't start. NULL, or why there is none: static.
 */
const char *program_agent(char *to);
