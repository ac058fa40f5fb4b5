/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control: what `oriel` commands say to a collector, over $ORIEL_RUN_DIR/collector.sock.
 *
 * A SOCK_SEQPACKET connection, one request and one reply each. The collector checks SO_PEERCRED
 * (same user, or root) and refuses what isn't whole. RUN comes with two descriptors (SCM_RIGHTS),
 * the run's standard output and error: they are for console exporters, log lines and warnings, and
 * the collector closes them once the run's last process is flushed, so that `x=$(oriel run ...)`
 * ends. The sender's own pid is the service's: `oriel run` execs in its own place afterwards.
 */
#pragma once

#include <stdint.h>

#define CONTROL_SOCKET "collector.sock"
#define CONTROL_MAGIC 0x314c5443u

enum control_verb {
	CONTROL_HELLO = 1, /* who are you? */
	CONTROL_RUN = 2,   /* a run begins */
	CONTROL_STOP = 3,  /* flush and leave */
	CONTROL_FLUSH = 4, /* reply when all that was recorded before is delivered or counted */
	CONTROL_SET = 5,   /* change something in services that run; ESRCH: none is called so */
};

struct control_request {
	uint32_t magic;
	uint32_t verb;
	uint32_t timeout_ms; /* STOP and FLUSH */
	int32_t pid;  /* RUN: in the sender's namespace; SO_PEERCRED's is used where it differs */
	char run[16]; /* RUN: hex digits */
	/*
	 * RUN: the command line for people, NUL-terminated, cut to fit. SET: a service's name, its pid or
	 * *, and changes (base/change.h), each after a newline.
	 */
	char command[2048];
};

struct control_reply {
	uint32_t magic;
	int32_t error;	      /* 0, or an errno */
	int32_t pid;	      /* the collector's */
	uint32_t n_processes; /* SET: those that it concerns; else all */
	char address[128];    /* of the page, HOST:PORT; empty: none */
	char intake[128];     /* of OTLP over HTTP; empty: none */
	char version[32];
	char data_dir[512]; /* empty: no store */
};
