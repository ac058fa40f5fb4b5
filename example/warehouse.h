/* SPDX-License-Identifier: Apache-2.0 */
/* Warehouse: where a product is. It takes a while, as somebody has to look. */
#pragma once

void warehouse_open(void);
void warehouse_look(const char *product);
