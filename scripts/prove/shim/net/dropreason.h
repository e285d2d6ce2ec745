/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROVE_NET_DROPREASON_H
#define _PROVE_NET_DROPREASON_H

enum skb_drop_reason { SKB_NOT_DROPPED_YET };

#endif
