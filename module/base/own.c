// SPDX-License-Identifier: GPL-2.0
/* What few sockets have, in an object made on demand. */

#include <linux/slab.h>
#include <xtcp/net.h>
#include <xtcp/own.h>
#include <xtcp/sock.h>

const struct xtcp_own xtcp_own_none = {
	.knobs = {
		.syn_retries	= XTCP_OWN_UNSET,
		.synack_retries	= XTCP_OWN_UNSET,
		.rto_init_ms	= XTCP_OWN_UNSET,
		.rto_min_ms	= XTCP_OWN_UNSET,
		.rto_max_ms	= XTCP_OWN_UNSET,
		.msl_ms		= XTCP_OWN_UNSET,
		.handshake_ways	= XTCP_OWN_UNSET,
		.isn_mode	= XTCP_OWN_UNSET,
		.wire_protocol	= XTCP_OWN_UNSET,
	},
};

#ifdef XTCP_KUNIT
bool xtcp_own_no_memory;
#define no_memory()	xtcp_own_no_memory
#else
#define no_memory()	false
#endif

static struct xtcp_own *copy(const struct xtcp_own *own, gfp_t gfp)
{
	return no_memory() ? NULL : kmemdup(own, sizeof(*own), gfp);
}

struct xtcp_own *xtcp_own(const struct sock *sk)
{
	const struct xtcp_own *own = xtcp_sk(sk)->own;

	return own != &xtcp_own_none ? (struct xtcp_own *)own : NULL;
}

struct xtcp_own *xtcp_own_make(struct sock *sk, gfp_t gfp)
{
	struct xtcp_own *own = xtcp_own(sk);

	if (own)
		return own;
	own = copy(&xtcp_own_none, gfp);
	if (!own)
		return NULL;
	/* Filled, for those who read without the lock. */
	smp_store_release(&xtcp_sk(sk)->own, own);
	return own;
}

/* Options, and nothing of a listener or of another connection. */
static struct xtcp_own passed_on(const struct xtcp_own *own)
{
	struct xtcp_own child = *own;

	memset(&child.fastopen, 0, sizeof(child.fastopen));
	child.fastopen.connect = own->fastopen.connect;
	child.fastopen.no_cookie = own->fastopen.no_cookie;
	child.saved_syn = NULL;
	RCU_INIT_POINTER(child.listener, NULL);
	child.reservation = NULL;
	return child;
}

bool xtcp_own_of_child(const struct sock *sk, const struct xtcp_own **own)
{
	const struct xtcp_own of = passed_on(READ_ONCE(xtcp_sk(sk)->own));

	*own = &xtcp_own_none;
	if (!memcmp(&of, &xtcp_own_none, sizeof(of)))
		return true;
	*own = copy(&of, XTCP_GFP_QUIET);
	return *own;
}

void xtcp_own_free(const struct xtcp_own *own)
{
	if (own == &xtcp_own_none)
		return;
	kfree(own->saved_syn);
	kfree(own);
}
