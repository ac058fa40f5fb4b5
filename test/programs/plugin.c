/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin that fetches a URL and runs a statement, when built with -DPLUGIN -shared; and the
 * program that loads it for itself alone, lets go of it, and loads it once more. The program links
 * no watched library, so the plugin's are known to nobody but the plugin.
 *
 *     plugin PLUGIN.so URL
 */
#ifdef PLUGIN
#include <curl/curl.h>
#include <sqlite3.h>

int plugin(const char *url);

int plugin(const char *url)
{
	CURL *c = curl_easy_init();
	sqlite3 *db;
	int r;

	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	r = (int)curl_easy_perform(c);
	curl_easy_cleanup(c);
	if (!sqlite3_open(":memory:", &db))
		sqlite3_exec(db, "SELECT 1", NULL, NULL, NULL);
	sqlite3_close(db);
	return r;
}
#else
#include <dlfcn.h>
#include <stdio.h>

static int load(const char *path, const char *url)
{
	void *l = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	int (*plugin)(const char *) = l ? (int (*)(const char *))dlsym(l, "plugin") : NULL;

	if (!plugin)
		return -1;
	printf("%d\n", plugin(url));
	return dlclose(l);
}

int main(int argc, char **argv)
{
	return argc < 3 || load(argv[1], argv[2]) || load(argv[1], argv[2]);
}
#endif
