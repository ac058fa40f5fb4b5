/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work that leaves its thread: a span "asked" on the main thread, and in it threads of each kind that
 * record a span of their own name. Then the same without a span around it.
 *
 *     threads [TRACEPARENT]    "asked" is below it; says what is current in each
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

static const char *given;

static void record(const char *name)
{
	struct oriel_span span = oriel_span_start(name);
	char text[56];

	if (given)
		printf("%s: %s\n", name, oriel_traceparent(text) ? text : "none");
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

/* Other ways to wait for work, each in a thread that "asked" has made. */
enum { COND_CLOCK, CND, CND_TIMED, SEM_TIMED, SEM_CLOCK, N_WAYS };

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	mtx_t mtx;
	cnd_t cnd;
	sem_t posted, waiting;
	bool over;
} wait_for = { .mutex = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER };

static struct timespec in_an_hour(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_sec += 3600;
	return t;
}

static void wait_by(int way)
{
	struct timespec mono = in_an_hour(CLOCK_MONOTONIC), real = in_an_hour(CLOCK_REALTIME);

	if (way == COND_CLOCK) {
		pthread_mutex_lock(&wait_for.mutex);
		sem_post(&wait_for.waiting);
		while (!wait_for.over)
			pthread_cond_clockwait(&wait_for.cond, &wait_for.mutex, CLOCK_MONOTONIC,
					       &mono);
		pthread_mutex_unlock(&wait_for.mutex);
	} else if (way == CND || way == CND_TIMED) {
		mtx_lock(&wait_for.mtx);
		sem_post(&wait_for.waiting);
		while (!wait_for.over)
			way == CND ? cnd_wait(&wait_for.cnd, &wait_for.mtx)
				   : cnd_timedwait(&wait_for.cnd, &wait_for.mtx, &real);
		mtx_unlock(&wait_for.mtx);
	} else if (way == SEM_TIMED) {
		sem_post(&wait_for.waiting);
		sem_timedwait(&wait_for.posted, &real);
	} else {
		sem_post(&wait_for.waiting);
		sem_clockwait(&wait_for.posted, CLOCK_MONOTONIC, &mono);
	}
}

static void *waiter(void *way)
{
	wait_by((int)(intptr_t)way);
	record("waited");
	return NULL;
}

static void waiters(pthread_t thread[])
{
	sem_init(&wait_for.posted, 0, 0);
	sem_init(&wait_for.waiting, 0, 0);
	mtx_init(&wait_for.mtx, mtx_plain);
	cnd_init(&wait_for.cnd);
	for (intptr_t i = 0; i < N_WAYS; i++)
		if (pthread_create(&thread[i], NULL, waiter, (void *)i))
			abort();
}

/* Who has said that it waits holds its mutex until it does. */
static void release(pthread_t thread[])
{
	for (int i = 0; i < N_WAYS; i++)
		sem_wait(&wait_for.waiting);
	mtx_lock(&wait_for.mtx);
	pthread_mutex_lock(&wait_for.mutex);
	wait_for.over = true;
	pthread_cond_broadcast(&wait_for.cond);
	cnd_broadcast(&wait_for.cnd);
	pthread_mutex_unlock(&wait_for.mutex);
	mtx_unlock(&wait_for.mtx);
	sem_post(&wait_for.posted);
	sem_post(&wait_for.posted);
	for (int i = 0; i < N_WAYS; i++)
		join(thread[i], NULL);
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

int main(int argc, char **argv)
{
	uv_work_t once = { .data = (void *)(uintptr_t) "once" };
	uv_work_t alone = { .data = (void *)(uintptr_t) "alone" };
	struct oriel_context above = { .carry = 0 };
	struct oriel_span asked;
	unsigned token;
	pthread_t pool, waits_too[N_WAYS];

	sem_init(&first_done, 0, 0);
	sem_init(&more, 0, 0);
	oriel_start(NULL);
	given = argc > 1 ? argv[1] : NULL;
	oriel_context_parse(&above, given, NULL, NULL);
	token = oriel_context_attach(&above);
	asked = oriel_span_start("asked");
	threads();
	pool = make(worker, one, 0);
	waiters(waits_too);
	sem_wait(&first_done);
	uv_queue_work(uv_default_loop(), &once, work, after);
	oriel_span_end(&asked);
	oriel_context_detach(token);
	uv_queue_work(uv_default_loop(), &alone, work, after);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	uv_loop_close(uv_default_loop());
	uv_library_shutdown();
	sem_post(&more);
	join(pool, one);
	release(waits_too);
	record("nobody asked");
	join(make(plain, "stray", 0), "stray");
	printf("%d\n", n_after);
	return 0;
}
