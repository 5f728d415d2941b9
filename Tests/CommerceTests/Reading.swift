import FlotillaTesting

@testable import Order
@testable import Payment
@testable import Product
