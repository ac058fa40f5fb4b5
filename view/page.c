/* SPDX-License-Identifier: Apache-2.0 */
#include "view/page.h"

#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <zlib.h>

enum { FILE_MOST = 16 << 20, GZIP_WINDOW = 15 + 16 };

int page_gzip(struct out *to, struct str from)
{
	z_stream z = { 0 };
	int code;

	if (from.n > UINT32_MAX / 2)
		return ERR(-EFBIG);
	if (deflateInit2(&z, 1, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return ERR(-ENOMEM);
	z.next_in = (unsigned char *)from.p;
	z.avail_in = (unsigned)from.n;
	if (!out_reserve(to, deflateBound(&z, from.n))) {
		deflateEnd(&z);
		return ERR(to->error);
	}
	z.next_out = (unsigned char *)to->p + to->n;
	z.avail_out = (unsigned)(to->room - to->n);
	code = deflate(&z, Z_FINISH);
	to->n += z.total_out;
	deflateEnd(&z);
	return code == Z_STREAM_END ? 0 : ERR(-EIO);
}

int page_gunzip(struct out *to, struct str from)
{
	z_stream z = { 0 };
	int code = Z_OK;

	if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		return ERR(-ENOMEM);
	z.next_in = (unsigned char *)from.p;
	z.avail_in = (unsigned)from.n;
	while (code == Z_OK && to->n < FILE_MOST && out_reserve(to, 65536)) {
		z.next_out = (unsigned char *)to->p + to->n;
		z.avail_out = 65536;
		code = inflate(&z, Z_NO_FLUSH);
		to->n += 65536 - z.avail_out;
	}
	inflateEnd(&z);
	return code == Z_STREAM_END ? 0 : ERR(-EIO);
}

static const char *type_of(struct str path)
{
	static const struct {
		const char *ending, *type;
	} known[] = {
		{ ".html", "text/html; charset=utf-8" },
		{ ".js", "text/javascript; charset=utf-8" },
		{ ".css", "text/css; charset=utf-8" },
		{ ".json", "application/json; charset=utf-8" },
		{ ".map", "application/json; charset=utf-8" },
		{ ".svg", "image/svg+xml" },
		{ ".png", "image/png" },
		{ ".woff2", "font/woff2" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_ends(path, str_of(known[i].ending)))
			return known[i].type;
	return "application/octet-stream";
}

/* Names of our own making only: no "..", nothing hidden, no link out of the folder. */
static bool name_is_plain(struct str path)
{
	bool first = true;

	for (size_t i = 0; i < path.n; i++) {
		char c = path.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			      (c >= '0' && c <= '9') || c == '-' || c == '_';

		if (!letter && (first || (c != '.' && c != '/')))
			return false;
		first = c == '/';
	}
	return path.n && path.n < 200 && !first;
}

static bool file_read(int fd, struct out *to)
{
	struct stat st;
	ssize_t n = 1;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MOST)
		return false;
	while (n > 0 && to->n < FILE_MOST && out_reserve(to, 65536)) {
		n = read(fd, to->p + to->n, 65536);
		if (n > 0)
			to->n += (size_t)n;
	}
	return n == 0;
}

static bool answer_from_disk(const struct page *p, struct str path, struct reply *r)
{
	struct str name = path.n == 1 ? STR("index.html") : str_from(path, 1);
	char text[256];

	if (!name_is_plain(name))
		return false;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';

	scoped_fd int fd = openat(p->dir, text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0 || !file_read(fd, &r->body)) {
		out_clear(&r->body);
		return false;
	}
	r->type = type_of(name);
	return true;
}

bool page_answer(const struct page *p, struct str path, bool gzip_allowed, struct reply *r)
{
	if (p->dir >= 0)
		return answer_from_disk(p, path, r);
	for (const struct view_asset *a = p->assets; a && a->path; a++) {
		struct str gzip = { (const char *)a->gzip, a->size };

		if (!str_eq(path, str_of(a->path)))
			continue;
		r->type = a->content_type;
		r->etag = a->etag;
		r->immutable = a->immutable;
		r->gzipped = gzip_allowed;
		if (gzip_allowed)
			out_str(&r->body, gzip);
		else if (page_gunzip(&r->body, gzip) < 0)
			reply_error(r, 500, "a file of the page is damaged");
		return true;
	}
	return false;
}
