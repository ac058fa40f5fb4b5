/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work that leaves its thread: a span "asked" on the main thread, and in it threads of each kind that
 * record a span of their own name. Then the same without a span around it.
 */
#include <oriel.h>

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <threads.h>
#include <unistd.h>
#include <uv.h>

static void record(const char *name)
{
	struct oriel_span span = oriel_span_start(name);

	oriel_span_end(&span);
}

static void *plain(void *name)
{
	record(name);
	return name;
}

static void *exits(void *name)
{
	record(name);
	pthread_exit(name);
}

static void *waits(void *name)
{
	record(name);
	while (pause() < 0)
		;
	return NULL;
}

static int c11(void *name)
{
	record(name);
	return 7;
}

static pthread_t make(void *(*start)(void *), const char *name, size_t stack)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	if (stack)
		pthread_attr_setstacksize(&attributes, stack);
	errno = 4711;
	if (pthread_create(&thread, &attributes, start, (void *)(uintptr_t)name) || errno != 4711)
		abort();
	pthread_attr_destroy(&attributes);
	return thread;
}

static void join(pthread_t thread, const void *expected)
{
	void *result;

	if (pthread_join(thread, &result) || result != expected)
		abort();
}

static void threads(void)
{
	static const char small[] = "small", exit[] = "exit", cancelled[] = "cancelled";
	pthread_t thread;
	thrd_t other;
	int result;

	join(make(plain, small, PTHREAD_STACK_MIN), small);
	join(make(exits, exit, 0), exit);
	thread = make(waits, cancelled, 0);
	pthread_cancel(thread);
	join(thread, PTHREAD_CANCELED);
	if (thrd_create(&other, c11, (void *)(uintptr_t) "c11") != thrd_success ||
	    thrd_join(other, &result) != thrd_success || result != 7)
		abort();
}

/* A thread of a pool: a first piece of work, then one for somebody else. */
static const char one[] = "one";
static sem_t first_done, more;

static void *worker(void *name)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t never = PTHREAD_COND_INITIALIZER;
	struct timespec past = { 0 };
	struct oriel_span own = oriel_span_start("own");

	pthread_mutex_lock(&mutex);
	pthread_cond_timedwait(&never, &mutex, &past);
	pthread_mutex_unlock(&mutex);
	record("within own");
	oriel_span_end(&own);
	record("pool at first");
	sem_post(&first_done);
	sem_wait(&more);
	record("pool later");
	return name;
}

static int n_after;

static void work(uv_work_t *request)
{
	record(request->data);
}

static void after(uv_work_t *request, int status)
{
	record(status ? "cancelled work" : "after work");
	n_after++;
	if (request->data && *(char *)request->data == 'o') {
		request->data = (void *)(uintptr_t) "again";
		uv_queue_work(request->loop, request, work, after);
	}
}

int main(void)
{
	uv_work_t once = { .data = (void *)(uintptr_t) "once" };
	uv_work_t alone = { .data = (void *)(uintptr_t) "alone" };
	struct oriel_span asked;
	pthread_t pool;

	sem_init(&first_done, 0, 0);
	sem_init(&more, 0, 0);
	oriel_start(NULL);
	asked = oriel_span_start("asked");
	threads();
	pool = make(worker, one, 0);
	sem_wait(&first_done);
	uv_queue_work(uv_default_loop(), &once, work, after);
	oriel_span_end(&asked);
	uv_queue_work(uv_default_loop(), &alone, work, after);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	uv_loop_close(uv_default_loop());
	uv_library_shutdown();
	sem_post(&more);
	join(pool, one);
	record("nobody asked");
	join(make(plain, "stray", 0), "stray");
	printf("%d\n", n_after);
	return 0;
}
