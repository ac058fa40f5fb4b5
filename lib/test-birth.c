/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments come into being beside somebody who does what a collector does: open each file as soon as
 * it has a name, and remove it if nobody else has it open (collect/lease.h).
 */
#include "lib/test-segment.h"

#include "lib/segment.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { AT_ONCE = 32, TURNS = 100 };

static _Atomic bool done;

static void look(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size == 0 &&
	    fcntl(fd, F_SETLEASE, F_WRLCK) == 0) {
		unlinkat(dir_fd, name, 0);
		fcntl(fd, F_SETLEASE, F_UNLCK);
	}
	if (fd >= 0)
		close(fd);
}

static void *collect(void *you)
{
	_Alignas(struct inotify_event) char buffer[16384];
	int dir_fd = *(int *)you;
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	struct pollfd news = { .fd = fd, .events = POLLIN };

	must(fd >= 0 && inotify_add_watch(fd, dir, IN_CREATE) >= 0);
	while (!done) {
		ssize_t n = poll(&news, 1, 100) > 0 ? read(fd, buffer, sizeof(buffer)) : 0;

		for (char *p = buffer; n > 0 && p < buffer + n;) {
			const struct inotify_event *e = (const void *)p;

			look(dir_fd, e->name);
			p += sizeof(*e) + e->len;
		}
	}
	close(fd);
	return NULL;
}

static unsigned remove_all(int dir_fd)
{
	DIR *d = opendir(dir);
	unsigned n = 0;

	for (struct dirent *e; d && (e = readdir(d));)
		if (strstr(e->d_name, SEGMENT_SUFFIX))
			n += unlinkat(dir_fd, e->d_name, 0) == 0;
	closedir(d);
	return n;
}

/* Tests beside this one may hold what little room there is; they end. */
static void make(struct segment_header **s)
{
	int r;

	segment_place();
	r = segment_make(s, SEGMENT_LEAST);
	for (int i = 0; r == ORIEL_OFF_NO_ROOM && i < 300; i++) {
		usleep(100000);
		r = segment_make(s, SEGMENT_LEAST);
	}
	must(r == 0);
}

static void makes_many(void)
{
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pthread_t collector;

	signal(SIGIO, SIG_IGN);
	must(dir_fd >= 0 && pthread_create(&collector, NULL, collect, &dir_fd) == 0);
	for (int turn = 0; turn < TURNS; turn++) {
		struct segment_header *s[AT_ONCE];

		for (int i = 0; i < AT_ONCE; i++) {
			make(&s[i]);
			usleep(200); /* so that the collector sleeps when the next one comes */
		}
		must(remove_all(dir_fd) == AT_ONCE);
		for (int i = 0; i < AT_ONCE; i++)
			segment_discard(s[i]);
	}
	done = true;
	pthread_join(collector, NULL);
}

static void no_new_file_is_taken_for_rubbish(void **state)
{
	(void)state;
	assert_int_equal(seen_of(makes_many).segments, 0);
}

/* As on a file system that has no files without a name, or in a sandbox. */
static void makes_many_with_names(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_linkat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
	makes_many();
}

static void nor_one_that_is_made_with_its_name(void **state)
{
	(void)state;
	assert_int_equal(seen_of(makes_many_with_names).segments, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_new_file_is_taken_for_rubbish),
		cmocka_unit_test(nor_one_that_is_made_with_its_name),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
