/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmongoc: what libmongoc.c tells libmongoc-pool.c of the pools that are watched. Opened before the
 * program has the pool; closed when the driver is done with it; a client that is no pool's is nothing.
 */
#pragma once

#include <mongoc/mongoc.h>

void libmongoc_pool_opened(const mongoc_client_pool_t *pool, const mongoc_uri_t *uri);
void libmongoc_pool_closed(const mongoc_client_pool_t *pool);
void libmongoc_client_closed(const mongoc_client_t *client);
