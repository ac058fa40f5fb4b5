/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bootstrap hook that does what HOOK_DOES says: one of the ways in which a hook can hurt the service
 * that it is to help, or nothing bad. With HOOK_WHEN=real it behaves in the trial, and not when it
 * counts. HOOK_MARKS: a file that gets a line for each run.
 */
#include "oriel-bootstrap.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile int *nowhere;
static volatile int zero;
static void *volatile kept;

static void mark(const char *text)
{
	const char *path = getenv("HOOK_MARKS");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

	if (fd >= 0) {
		if (write(fd, text, strlen(text)) < 0)
			abort();
		close(fd);
	}
}

static int does_null(struct oriel_bootstrap *b)
{
	(void)b;
	*nowhere = 1;
	return 0;
}

static int does_abort(struct oriel_bootstrap *b)
{
	(void)b;
	abort();
}

static int does_divide(struct oriel_bootstrap *b)
{
	(void)b;
	kept = (void *)(uintptr_t)(1 / zero);
	return raise(SIGFPE); /* not every machine minds */
}

static int deeper(volatile char *above)
{
	volatile char here[4096];

	here[0] = above ? above[0] : 1;
	return zero ? 0 : deeper(here) + here[0];
}

static int does_overflow(struct oriel_bootstrap *b)
{
	(void)b;
	return deeper(NULL);
}

/* What `throw 1` is in C++, with nobody to catch it. */
static int does_throw(struct oriel_bootstrap *b)
{
	void *cxx = dlopen("libstdc++.so.6", RTLD_NOW);
	void *(*allocate)(size_t) =
		cxx ? (void *(*)(size_t))(uintptr_t)dlsym(cxx, "__cxa_allocate_exception") : NULL;
	void (*throw)(void *, void *, void *) =
		cxx ? (void (*)(void *, void *, void *))(uintptr_t)dlsym(cxx, "__cxa_throw") : NULL;

	(void)b;
	if (!allocate || !throw)
		return 99;
	throw(allocate(4), dlsym(cxx, "_ZTIi"), NULL);
	return 0;
}

static int does_heap(struct oriel_bootstrap *b)
{
	char *a = malloc(40), *z = malloc(40);

	(void)b;
	kept = a;
	memset(kept, 0x41, 200);
	free(z);
	free(a);
	return 0;
}

/* Far beyond its own: the allocator falls over it on its next way through. */
static int does_arena(struct oriel_bootstrap *b)
{
	(void)b;
	kept = malloc(24);
	memset(kept, 0xff, 4096);
	for (size_t n = 16; n < 1 << 16; n *= 2)
		free(malloc(n));
	return 0;
}

static int does_latent(struct oriel_bootstrap *b)
{
	(void)b;
	kept = malloc(24);
	memset(kept, 0x41, 64);
	return 0;
}

static int does_hang(struct oriel_bootstrap *b)
{
	(void)b;
	while (!zero)
		pause();
	return 0;
}

static void block_all(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
}

static int does_hang_blocked(struct oriel_bootstrap *b)
{
	block_all();
	return does_hang(b);
}

static int does_exit(struct oriel_bootstrap *b)
{
	(void)b;
	exit(0);
}

static int does__exit(struct oriel_bootstrap *b)
{
	(void)b;
	_exit(3);
}

static int does_exit_group(struct oriel_bootstrap *b)
{
	(void)b;
	return (int)syscall(SYS_exit_group, 4);
}

static int does_kill(struct oriel_bootstrap *b)
{
	(void)b;
	return kill(getpid(), SIGKILL);
}

static int does_change(struct oriel_bootstrap *b)
{
	(void)b;
	umask(0777);
	return chdir("/") == 0 ? 0 : 98;
}

static int does_close(struct oriel_bootstrap *b)
{
	(void)b;
	for (int fd = 0; fd < 20; fd++)
		close(fd);
	return 0;
}

static int does_open(struct oriel_bootstrap *b)
{
	(void)b;
	for (int i = 0; i < 30; i++)
		if (open("/dev/null", O_RDONLY) < 0) /* one without O_CLOEXEC */
			return 98;
	return 0;
}

static int does_wreck(struct oriel_bootstrap *b)
{
	does_change(b);
	does_close(b);
	does_open(b);
	signal(SIGPIPE, SIG_IGN);
	alarm(1000);
	if (!getenv("HOOK_WHEN")) /* a blocked SIGSEGV is a kill: only the trial helps */
		block_all();
	return does_null(b);
}

static int does_umask(struct oriel_bootstrap *b)
{
	(void)b;
	umask(0777);
	return 0;
}

static int does_mask(struct oriel_bootstrap *b)
{
	(void)b;
	block_all();
	return 0;
}

static void *crash_later(void *unused)
{
	usleep(30000);
	*nowhere = 1;
	return unused;
}

static int does_thread(struct oriel_bootstrap *b)
{
	pthread_t t;

	(void)b;
	return pthread_create(&t, NULL, crash_later, NULL);
}

static int does_return(struct oriel_bootstrap *b)
{
	(void)b;
	return 3;
}

static void *use_memory(void *unused)
{
	for (size_t i = 0; i < 1000; i++)
		free(malloc(i));
	pause();
	return unused;
}

/* What a vendor's SDK may do: libraries, memory, a thread that stays. */
static int does_work(struct oriel_bootstrap *b)
{
	static void *memory[3000];
	void *curl = dlopen("libcurl.so.4", RTLD_NOW);
	void *(*easy_init)(void) =
		curl ? (void *(*)(void))(uintptr_t)dlsym(curl, "curl_easy_init") : NULL;
	pthread_t t;

	if (!easy_init || !easy_init() || pthread_create(&t, NULL, use_memory, NULL) != 0)
		return 96;
	for (size_t i = 0; i < 3000; i++) {
		memory[i] = malloc(i * 7 + 1);
		if (memory[i])
			memset(memory[i], 1, i * 7 + 1);
	}
	for (size_t i = 0; i < 3000; i++)
		if (i % 3)
			free(memory[i]);
	return b->set(b, "OTEL_SERVICE_NAME", "worked");
}

static int does_well(struct oriel_bootstrap *b)
{
	int r = b->set_default(b, "OTEL_SERVICE_NAME", "hooked");

	r |= b->resource(b, "team", "a,b");
	r |= b->log(b, ORIEL_BOOTSTRAP_INFO, "hello from the hook");
	return r;
}

static const struct {
	const char *name;
	int (*it)(struct oriel_bootstrap *b);
} does[] = {
	{ "null", does_null },
	{ "abort", does_abort },
	{ "divide", does_divide },
	{ "overflow", does_overflow },
	{ "throw", does_throw },
	{ "heap", does_heap },
	{ "arena", does_arena },
	{ "latent", does_latent },
	{ "hang", does_hang },
	{ "hang-blocked", does_hang_blocked },
	{ "exit", does_exit },
	{ "_exit", does__exit },
	{ "exit_group", does_exit_group },
	{ "kill", does_kill },
	{ "wreck", does_wreck },
	{ "change", does_change },
	{ "close", does_close },
	{ "umask", does_umask },
	{ "mask", does_mask },
	{ "thread", does_thread },
	{ "return", does_return },
	{ "work", does_work },
	{ "well", does_well },
};

__attribute__((constructor)) static void loaded(void)
{
	const char *what = getenv("HOOK_DOES");

	if (what && strcmp(what, "constructor") == 0)
		*nowhere = 1;
}

int oriel_bootstrap(struct oriel_bootstrap *b)
{
	const char *what = getenv("HOOK_DOES"), *when = getenv("HOOK_WHEN");

	mark(b->probe ? "trial\n" : "hook\n");
	if (!what || (when && b->probe))
		return 0;
	for (size_t i = 0; i < sizeof(does) / sizeof(does[0]); i++)
		if (strcmp(what, does[i].name) == 0)
			return does[i].it(b);
	return 97;
}
