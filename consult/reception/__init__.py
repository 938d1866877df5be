"""What people said on paper, by letter, by e-mail or at a meeting, typed for them."""
